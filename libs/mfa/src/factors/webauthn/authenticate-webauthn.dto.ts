import { IsBoolean, IsObject, IsOptional } from 'class-validator';

export class AuthenticateWebAuthnDto {
  /** What `get()` gave, as JSON (AuthenticationResponseJSON). Its inside is checked by the mechanism. */
  @IsObject()
  credential!: object;

  /** Whether this browser may skip the second factor for a while; without effect unless the application allows it. */
  @IsOptional()
  @IsBoolean()
  trustDevice?: boolean;
}
