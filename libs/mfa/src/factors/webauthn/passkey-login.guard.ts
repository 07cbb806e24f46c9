import type { CanActivate } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** Without the option `passkeyLogin`, answers as if the route didn't exist, even to an invalid body. */
@Injectable()
export class PasskeyLoginGuard implements CanActivate {
  constructor(@Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions) {}

  canActivate(): boolean {
    if (!this.options.passkeyLogin) throw new MfaException('not_found');
    return true;
  }
}
