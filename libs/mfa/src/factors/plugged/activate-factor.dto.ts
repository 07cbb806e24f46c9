import { Matches } from 'class-validator';

import { CODE_INPUT_MESSAGE, CODE_INPUT_PATTERN } from '../../engine/factors/typed-code.js';
import { ACTIVATION_FIELDS, ActivationDto } from '../../http/activation.dto.js';
import { CODE } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({ code: CODE }, ACTIVATION_FIELDS))
export class ActivateFactorDto extends ActivationDto {
  /** The first code of the new factor. */
  @Matches(CODE_INPUT_PATTERN, { message: CODE_INPUT_MESSAGE })
  code!: string;
}
