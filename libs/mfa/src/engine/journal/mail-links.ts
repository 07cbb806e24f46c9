import type { MfaNotificationType } from '../../core/users/notification.js';

/** Injection token of the {@link MailLinks}. */
export const MAIL_LINKS = Symbol.for('nestjs-mfa:MAIL_LINKS');

/** The pages that mails lead to. They are made above this level, where the addresses of pages are known. */
export interface MailLinks {
  /** The page on which the owner sees what a mail is about, as an absolute address; null: there is none, or its origin is not known. */
  pageOf(type: MfaNotificationType): string | null;
}
