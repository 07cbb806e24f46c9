import type { MfaNotificationType } from '../core/users/notification.js';
import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaPageTexts } from './page-texts.js';

/**
 * All texts in one language. In those of a notification `{site}` is the application's name, `{name}` the authenticator's,
 * `{remaining}` the number of codes left, `{from}` when a second factor is demanded.
 */
export interface MfaLocaleTexts {
  /** BCP 47 language tag, such as `de` or `pt-BR`. */
  locale: string;
  errors: Readonly<Record<MfaErrorCode, string>>;
  /** In place of the text of the code, where more can be said. What is missing is shown in English. */
  reasons?: Readonly<Partial<Record<MfaRefusalReason, string>>>;
  notifications: Readonly<Record<MfaNotificationType, { subject: string; text: string }>>;
  /** The lines under each notification; `{time}`, `{ip}` and `{userAgent}` are filled in. */
  details: {
    time: string;
    ip: string;
    userAgent: string;
    /** What to do when it was somebody else (NIST SP 800-63B-4, section 4.6). */
    repudiation: string;
  };
  /** The message that brings a code; `{site}`, `{code}` and `{minutes}` are filled in. What is missing is sent in English. */
  message?: string;
  /** The texts of the pages (option `pages`). What is missing is shown in English. */
  pages?: Partial<MfaPageTexts>;
}
