import type { OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaNotification } from '../../core/users/notification.js';
import { SupportContacts } from '../../adapter/support-contacts.js';
import { messageOf } from '../../core/errors/message-of.js';
import { textsOf } from '../../i18n/choose-texts.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { UnderWay } from '../jobs/under-way.js';
import type { MfaEvent, MfaEventAuthenticator } from './mfa-event.js';
import type { MailLinks } from './mail-links.js';
import { MAIL_LINKS } from './mail-links.js';
import { writeNotification } from './notification-text.js';

type Facts = Pick<MfaNotification, 'type' | 'authenticatorType' | 'authenticatorName' | 'remaining' | 'from'>;

/** The notification to the account's owner for an event; null for everyday events. */
export function notificationOf(event: MfaEvent): Facts | null {
  switch (event.type) {
    case 'mfa.authenticator.added':
      return { type: 'authenticator_added', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.removed':
      return { type: 'authenticator_removed', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.locked':
      // The notification about the copy also covers the lock.
      if (event.data.reason === 'cloned') return null;
      return { type: 'authenticator_locked', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.unlocked':
      return { type: 'authenticator_unlocked', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.suspended':
      return { type: 'authenticator_suspended', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.resumed':
      return { type: 'authenticator_resumed', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.cloned':
      return { type: 'authenticator_cloned', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.model_revoked':
      return { type: 'authenticator_model_revoked', ...nameOf(event.data.authenticator) };
    case 'mfa.attempts.exhausted':
      return { type: 'attempts_exhausted' };
    case 'mfa.recovery_code.used':
      return { type: 'recovery_code_used', ...nameOf(event.data.authenticator), ...left(event.data) };
    case 'mfa.recovery_codes.low':
      return { type: 'recovery_codes_low', ...nameOf(event.data.authenticator), ...left(event.data) };
    case 'mfa.recovery_codes.regenerated':
      return {
        type: 'recovery_codes_regenerated',
        ...nameOf(event.data.authenticator),
        remaining: event.data.count,
      };
    case 'mfa.trusted_device.added':
      return { type: 'trusted_device_added' };
    case 'mfa.trusted_device.revoked':
      return event.data.reason === 'reused' ? { type: 'trusted_device_reused' } : null;
    case 'mfa.trusted_device.refused':
      return { type: 'trusted_device_copied' };
    case 'mfa.sign_in.new_browser':
      return { type: 'new_sign_in' };
    case 'mfa.admin.reset':
      return { type: 'admin_reset' };
    case 'mfa.admin.enrollment_required':
      // Withdrawing a demand takes nothing away from anyone.
      if (event.data.from === null) return null;
      return { type: 'enrollment_demanded', from: Date.parse(event.data.from) };
    default:
      return null;
  }
}

const nameOf = ({ type, name }: MfaEventAuthenticator) => ({
  authenticatorType: type,
  authenticatorName: name,
});
const left = ({ remaining }: { remaining: number }) => ({ remaining });

/** How long an unresponsive mailer may delay the application's shutdown. */
const SHUTDOWN_MS = 5000;

/** Notifies an account's owner of changes, through the adapter, after they were committed. */
@Injectable()
export class MfaNotifier implements OnModuleDestroy {
  private readonly logger = new Logger(MfaNotifier.name);
  private readonly underWay = new UnderWay();

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(SupportContacts) private readonly support: SupportContacts,
    @Inject(MAIL_LINKS) private readonly links: MailLinks,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Sends without waiting: a slow or broken mailer must not delay or undo what has happened. */
  notify(event: MfaEvent, user: MfaUser): void {
    const facts = notificationOf(event);
    if (!facts) return;
    const { ip, userAgent, at } = event;
    const sent = this.send({ ...facts, at: at.getTime(), ip, userAgent }, user).catch((error: unknown) => {
      this.logger.error(`A notification (${facts.type}) could not be sent: ${messageOf(error)}`);
    });
    this.underWay.add(sent);
  }

  /** Finishes pending notifications before the application closes connections that a mailer may need. */
  async onModuleDestroy(): Promise<void> {
    const signal = AbortSignal.timeout(SHUTDOWN_MS);
    await Promise.race([
      this.underWay.ended(),
      new Promise((resolve) => signal.addEventListener('abort', resolve)),
    ]);
  }

  private async send(
    facts: Omit<MfaNotification, 'locale' | 'subject' | 'text' | 'html'>,
    user: MfaUser,
  ): Promise<void> {
    // Not the language of the request, which may come from a stranger.
    const texts = textsOf(await this.adapter.getLocale(user), this.options.locales);
    const [site, support] = await Promise.all([this.adapter.getSiteName(), this.support.find(user)]);
    const url = this.links.pageOf(facts.type);
    const all = url === null ? facts : { ...facts, url };
    const written = writeNotification(all, site, texts, support);
    await this.adapter.sendNotification({ ...all, ...written }, user);
  }
}
