import { IsObject } from 'class-validator';

import { ACTIVATION_FIELDS, ActivationDto } from '../../http/activation.dto.js';
import { Described, object } from '../../openapi/schema.js';
import { NEW_CREDENTIAL } from './webauthn-schemas.js';

@Described(object({ credential: NEW_CREDENTIAL }, ACTIVATION_FIELDS))
export class AddWebAuthnDto extends ActivationDto {
  /** The result of `create()` as JSON (RegistrationResponseJSON). Its contents are validated when it is parsed. */
  @IsObject()
  credential!: object;
}
