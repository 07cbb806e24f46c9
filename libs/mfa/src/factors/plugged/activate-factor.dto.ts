import { IsBoolean, IsOptional, Matches } from 'class-validator';

import { CODE_INPUT_PATTERN } from '../../engine/factors/code-factor.js';
import { IsAuthenticatorName } from '../../http/text.decorators.js';
import { CODE, END_OTHER_SESSIONS, NAME } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({ code: CODE }, { name: NAME, endOtherSessions: END_OTHER_SESSIONS }))
export class ActivateFactorDto {
  /** The first code of the new factor. */
  @Matches(CODE_INPUT_PATTERN, { message: 'code must be a code' })
  code!: string;

  @IsOptional()
  @IsAuthenticatorName()
  name?: string;

  /** Whether the user's other sessions end. With the first second factor they do in any case. */
  @IsOptional()
  @IsBoolean()
  endOtherSessions?: boolean;
}
