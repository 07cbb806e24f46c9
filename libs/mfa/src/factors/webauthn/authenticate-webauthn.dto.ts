import { IsBoolean, IsObject, IsOptional } from 'class-validator';
import { TRUST_DEVICE } from '../../openapi/models.js';
import { Described, object } from '../../openapi/schema.js';
import { PROOF } from './webauthn-schemas.js';

@Described(object({ credential: PROOF }, { trustDevice: TRUST_DEVICE }))
export class AuthenticateWebAuthnDto {
  /** What `get()` gave, as JSON (AuthenticationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;

  /** Whether this browser may skip the second factor for a while; without effect unless the application allows it. */
  @IsOptional()
  @IsBoolean()
  trustDevice?: boolean;
}
