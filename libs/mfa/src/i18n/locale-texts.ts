import type { MfaNotificationType } from '../core/users/notification.js';
import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaPageTexts } from './page-texts.js';

/**
 * All texts in one language. Notifications may use `{site}` (the application's name), `{name}` (the authenticator's
 * name), `{remaining}` (the number of codes left) and `{from}` (when a second factor becomes required).
 */
export interface MfaLocaleTexts {
  /** BCP 47 language tag, such as `de` or `pt-BR`. */
  locale: string;
  errors: Readonly<Record<MfaErrorCode, string>>;
  /** Replaces the text of the code where the cause is known. Missing ones are shown in English. */
  reasons?: Readonly<Partial<Record<MfaRefusalReason, string>>>;
  notifications: Readonly<Record<MfaNotificationType, { subject: string; text: string }>>;
  /** The lines below each notification; `{time}`, `{ip}` and `{userAgent}` are filled in. */
  details: {
    time: string;
    ip: string;
    userAgent: string;
    /** What to do if it wasn't the user (NIST SP 800-63B-4, section 4.6). */
    repudiation: string;
  };
  /** The message with a code; `{site}`, `{code}` and `{minutes}` are filled in. If missing, it is sent in English. */
  message?: string;
  /** The texts of the pages (option `pages`). Missing ones are shown in English. */
  pages?: Partial<MfaPageTexts>;
}
