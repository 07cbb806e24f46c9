import { IsBoolean, IsIn, IsOptional } from 'class-validator';

import { Described, flag, object, text } from '../../openapi/schema.js';
import type { WebAuthnCredentialRole } from './credential-role.js';
import { CREDENTIAL_ROLES } from './credential-role.js';

@Described(
  object(
    {},
    {
      passwordless: flag('Whether the key will sign in without a password.'),
      role: text(
        'What the key is for. Default: `both` with `passwordless`, `passwordless` with `automatic`, else `second_factor`.',
        {
          enum: [...CREDENTIAL_ROLES],
        },
      ),
      automatic: flag('Whether the browser creates the passkey without asking (conditional create).'),
    },
  ),
)
export class WebAuthnOptionsDto {
  /** Whether the key will sign in without a password. */
  @IsOptional()
  @IsBoolean()
  passwordless?: boolean;

  /** What the key is for. Default: `both` with `passwordless`, `passwordless` with `automatic`, else `second_factor`. */
  @IsOptional()
  @IsIn(CREDENTIAL_ROLES)
  role?: WebAuthnCredentialRole;

  /** Whether the browser creates the passkey without asking (conditional create), right after a sign-in with the password. */
  @IsOptional()
  @IsBoolean()
  automatic?: boolean;
}
