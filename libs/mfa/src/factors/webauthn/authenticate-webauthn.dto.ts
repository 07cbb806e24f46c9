import { IsBoolean, IsObject, IsOptional } from 'class-validator';
import { TRUST_DEVICE } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';
import { PROOF } from './webauthn-schemas.js';

@Described(object({ credential: PROOF }, { trustDevice: TRUST_DEVICE }))
export class AuthenticateWebAuthnDto {
  /** The result of `get()` as JSON (AuthenticationResponseJSON). Its contents are validated when it is parsed. */
  @IsObject()
  credential!: object;

  /** Whether this browser may skip the second factor for a while. No effect unless the application allows it. */
  @IsOptional()
  @IsBoolean()
  trustDevice?: boolean;
}
