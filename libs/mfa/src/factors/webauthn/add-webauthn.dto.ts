import { IsObject } from 'class-validator';

import { ACTIVATION_FIELDS, ActivationDto } from '../../http/activation.dto.js';
import { Described, object } from '../../openapi/schema.js';
import { NEW_CREDENTIAL } from './webauthn-schemas.js';

@Described(object({ credential: NEW_CREDENTIAL }, ACTIVATION_FIELDS))
export class AddWebAuthnDto extends ActivationDto {
  /** What `create()` gave, as JSON (RegistrationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;
}
