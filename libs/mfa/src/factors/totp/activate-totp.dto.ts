import { Matches } from 'class-validator';

import { ACTIVATION_FIELDS, ActivationDto } from '../../http/activation.dto.js';
import { TOTP_INPUT_MESSAGE, TOTP_INPUT_PATTERN } from './totp.factor.js';
import { CODE } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';

@Described(object({ code: CODE }, ACTIVATION_FIELDS))
export class ActivateTotpDto extends ActivationDto {
  /** The first code of the new authenticator app. */
  @Matches(TOTP_INPUT_PATTERN, { message: TOTP_INPUT_MESSAGE })
  code!: string;
}
