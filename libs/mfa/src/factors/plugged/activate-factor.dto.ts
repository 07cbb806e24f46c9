import { IsOptional, Matches } from 'class-validator';

import { CODE_INPUT_PATTERN } from '../../engine/factors/code-factor.js';
import { IsAuthenticatorName } from '../../http/text.decorators.js';
import { CODE, NAME } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({ code: CODE }, { name: NAME }))
export class ActivateFactorDto {
  /** The first code of the new factor. */
  @Matches(CODE_INPUT_PATTERN, { message: 'code must be a code' })
  code!: string;

  @IsOptional()
  @IsAuthenticatorName()
  name?: string;
}
