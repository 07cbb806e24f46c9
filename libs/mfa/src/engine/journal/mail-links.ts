import type { MfaNotificationType } from '../../core/users/notification.js';

/** Injection token of the {@link MailLinks}. */
export const MAIL_LINKS = Symbol.for('nestjs-mfa:MAIL_LINKS');

/** The pages that mails link to. They are provided by a level above this one, which knows the addresses of pages. */
export interface MailLinks {
  /**
   * The absolute URL of the page on which the owner sees what a mail is about; null if there is none, or its origin is unknown.
   */
  pageOf(type: MfaNotificationType): string | null;
}
