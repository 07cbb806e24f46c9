import { IsBoolean, IsOptional } from 'class-validator';

export class WebAuthnOptionsDto {
  /** Whether the key is to sign in without a password. */
  @IsOptional()
  @IsBoolean()
  passwordless?: boolean;
}
