import { IsObject } from 'class-validator';
import { Described, object } from '../../openapi/schema.js';
import { PROOF } from './webauthn-schemas.js';

@Described(object({ credential: PROOF }))
export class PasskeyDto {
  /** The result of `get()` as JSON (AuthenticationResponseJSON). Its contents are validated when it is parsed. */
  @IsObject()
  credential!: object;
}
