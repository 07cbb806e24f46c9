import { IsBoolean, IsOptional } from 'class-validator';

/** What the proof has to show, as the refusal of a route says in `needs`. */
export class WebAuthnNeedsDto {
  /** Whether the authenticator has to verify its user. */
  @IsOptional()
  @IsBoolean()
  userVerified?: boolean;

  /** Whether only keys are asked for that can't leave their device. */
  @IsOptional()
  @IsBoolean()
  deviceBound?: boolean;

  /** Whether only keys are asked for whose maker was attested. */
  @IsOptional()
  @IsBoolean()
  attested?: boolean;
}
