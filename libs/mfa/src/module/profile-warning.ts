import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { leftAtDefault } from '../adapter/left-at-default.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/**
 * Warns at boot if a profile needs something that the application doesn't do yet: notify users of changes (NIST SP
 * 800-63B-4, sections 4.1.2.1 and 4.2.3) and turn away disabled users (section 4.5). Options can't show whether it does
 * these elsewhere, so the boot continues.
 */
@Injectable()
export class ProfileWarning implements OnModuleInit {
  private readonly logger = new Logger('MfaModule');

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  onModuleInit(): void {
    const { profile } = this.options;
    if (profile === 'default') return;
    for (const [hook, effect] of leftAtDefault(this.adapter)) {
      this.logger.warn(
        `Profile \`${profile}\` needs the adapter's \`${hook}()\`, which is not overridden: ${effect} (docs/profiles.md)`,
      );
    }
  }
}
