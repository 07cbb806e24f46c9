import { IsBoolean, IsOptional } from 'class-validator';
import { Described, flag, object } from '../../openapi/schema.js';

@Described(object({}, { passwordless: flag('Whether the key is to sign in without a password.') }))
export class WebAuthnOptionsDto {
  /** Whether the key is to sign in without a password. */
  @IsOptional()
  @IsBoolean()
  passwordless?: boolean;
}
