import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import type { MfaNotification } from '../adapter/notification.js';
import { SupportContacts } from '../adapter/support-contacts.js';
import type { MfaEvent } from '../events/mfa-event.js';
import { textsOf } from '../i18n/choose-texts.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { notificationOf } from './notification-of-event.js';
import { writeNotification } from './notification-text.js';

/** Tells the owner of an account of changes, through the adapter, after they were committed. */
@Injectable()
export class MfaNotifier {
  private readonly logger = new Logger(MfaNotifier.name);

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(SupportContacts) private readonly support: SupportContacts,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Sends without waiting: a slow or broken mailer must not hold up or undo what has happened. */
  notify(event: MfaEvent, user: MfaUser): void {
    const facts = notificationOf(event);
    if (!facts) return;
    const { ip, userAgent, at } = event;
    this.send({ ...facts, at: at.getTime(), ip, userAgent }, user).catch((error: unknown) => {
      this.logger.error(
        `A notification (${facts.type}) could not be sent: ${error instanceof Error ? error.message : ''}`,
      );
    });
  }

  private async send(
    facts: Omit<MfaNotification, 'locale' | 'subject' | 'text' | 'html'>,
    user: MfaUser,
  ): Promise<void> {
    // Not in the language of the request: it may be a stranger's.
    const texts = textsOf(await this.adapter.getLocale(user), this.options.locales);
    const [site, support] = await Promise.all([this.adapter.getSiteName(), this.support.find(user)]);
    const written = writeNotification(facts, site, texts, support);
    await this.adapter.sendNotification({ ...facts, ...written }, user);
  }
}
