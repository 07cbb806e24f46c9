import { Inject, Injectable } from '@nestjs/common';

import type { MfaNotificationType } from '../core/users/notification.js';
import type { MailLinks } from '../engine/journal/mail-links.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaPagePath } from './page-links.js';
import { MfaPageLinks } from './page-links.js';

/** Of all others, the page of account security. */
const PAGES: Partial<Record<MfaNotificationType, MfaPagePath>> = {
  recovery_code_used: 'recovery-codes',
  recovery_codes_low: 'recovery-codes',
  recovery_codes_regenerated: 'recovery-codes',
  trusted_device_added: 'trusted-devices',
  trusted_device_reused: 'trusted-devices',
  trusted_device_copied: 'trusted-devices',
  new_sign_in: 'sessions',
};

/** The addresses in mails are on an origin of the options, never on the host of a request, which a stranger may have chosen. */
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
