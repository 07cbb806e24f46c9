import { Inject, Injectable } from '@nestjs/common';

import type { MfaNotificationType } from '../core/users/notification.js';
import type { MailLinks } from '../engine/journal/mail-links.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaPagePath } from './page-links.js';
import { MfaPageLinks } from './page-links.js';

/** Other notifications link to the account security page. */
const PAGES: Partial<Record<MfaNotificationType, MfaPagePath>> = {
  recovery_code_used: 'recovery-codes',
  recovery_codes_low: 'recovery-codes',
  recovery_codes_regenerated: 'recovery-codes',
  trusted_device_added: 'trusted-devices',
  trusted_device_reused: 'trusted-devices',
  trusted_device_copied: 'trusted-devices',
  new_sign_in: 'sessions',
};

/** Links in mails use an origin from the options, never the host of a request, which an attacker may have chosen. */
@Injectable()
export class PageLinksOfMails implements MailLinks {
  constructor(
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  pageOf(type: MfaNotificationType): string | null {
    const origin = this.options.webauthn?.origins.find((one) => /^https?:/.test(one));
    if (!this.links.areOn || origin === undefined) return null;
    return origin + this.links.to(PAGES[type] ?? 'index');
  }
}
