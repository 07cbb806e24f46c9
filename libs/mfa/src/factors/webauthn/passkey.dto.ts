import { IsObject } from 'class-validator';
import { Described, object } from '../../openapi/schema.js';
import { PROOF } from './webauthn-schemas.js';

@Described(object({ credential: PROOF }))
export class PasskeyDto {
  /** What `get()` gave, as JSON (AuthenticationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;
}
