import type { MfaErrorCode } from '../core/errors/error-codes.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaLocaleTexts } from './locale-texts.js';
import { ENGLISH_PAGES } from './page-texts.js';

const errors = Object.fromEntries(Object.entries(MFA_ERRORS).map(([code, { message }]) => [code, message]));

/** The causes behind an error code. */
export const ENGLISH_REASONS: Readonly<Record<MfaRefusalReason, string>> = Object.freeze({
  backup_eligibility_changed:
    'This security key or passkey has changed since it was registered: it now says something else about whether it can be copied to other devices. Sign in with another factor, remove this one from your account, and register it again.',
  factor_suspended: 'This factor was reported as lost and can’t be used. Use another one.',
  other_factor_needed: 'None of your second factors can be used here. Set up one that can.',
  key_can_be_synced:
    'This passkey can be copied to other devices. Only keys that stay on one device can be registered here. Use a security key.',
  key_cloned:
    'This security key is locked because it behaved as if it had been copied. Use another factor, then remove the key from your account and register a new one.',
});

/**
 * The message with a code. It names the site and says that nobody from it will ever ask for the code (NIST SP
 * 800-63B-4, section 3.1.3).
 */
export const ENGLISH_MESSAGE =
  '{code} is your code for {site}. It works for {minutes} minutes. Don’t share it: we will never ask you for it. If you didn’t request it, someone may know your password.';

/** English, the default. */
export const ENGLISH: MfaLocaleTexts = Object.freeze({
  locale: 'en',
  errors: Object.freeze(errors as Record<MfaErrorCode, string>),
  reasons: ENGLISH_REASONS,
  message: ENGLISH_MESSAGE,
  notifications: {
    authenticator_added: {
      subject: '{site}: a second factor was added',
      text: '“{name}” was added to your account. It can now be used to sign in.',
    },
    authenticator_removed: {
      subject: '{site}: a second factor was removed',
      text: '“{name}” was removed from your account. It can no longer be used to sign in.',
    },
    authenticator_locked: {
      subject: '{site}: a second factor was locked',
      text: '“{name}” was locked after too many failed attempts. Someone who knows your password may have tried to guess your codes. Your other factors still work.',
    },
    authenticator_unlocked: {
      subject: '{site}: a second factor was unlocked',
      text: '“{name}” is no longer locked and can be used to sign in again.',
    },
    authenticator_suspended: {
      subject: '{site}: a second factor was reported as lost',
      text: '“{name}” was reported as lost. It can’t be used to sign in until you confirm with another factor that you still have it. Your account still asks for a second factor. You were signed out everywhere else, and browsers you trusted will ask again. If you didn’t report it, someone knows your password.',
    },
    authenticator_resumed: {
      subject: '{site}: a second factor can be used again',
      text: '“{name}”, which was reported as lost, can be used to sign in again.',
    },
    authenticator_cloned: {
      subject: '{site}: a security key may have been copied',
      text: 'The security key “{name}” behaved as if it had been copied. It may now be locked. Remove it from your account and register a new one.',
    },
    authenticator_model_revoked: {
      subject: '{site}: a security key should be replaced',
      text: 'Security keys of the same model as “{name}” are no longer considered safe because a weakness was found in them. The key still works, but you should register another one and remove this one from your account.',
    },
    attempts_exhausted: {
      subject: '{site}: too many failed attempts',
      text: 'There were too many failed attempts to confirm your identity within a short time, with codes, keys or your password. For a while, all further attempts are refused, even correct ones. Whoever made them knows your password or is using a device where you’re signed in.',
    },
    recovery_code_used: {
      subject: '{site}: a recovery code was used',
      text: 'One of your recovery codes was used instead of your second factor. Recovery codes left: {remaining}.',
    },
    recovery_codes_low: {
      subject: '{site}: only a few recovery codes are left',
      text: 'Recovery codes left: {remaining}. Create new ones and keep them in a safe place.',
    },
    recovery_codes_regenerated: {
      subject: '{site}: new recovery codes were created',
      text: 'New recovery codes were created for your account. The old ones no longer work.',
    },
    trusted_device_added: {
      subject: '{site}: a browser is now trusted',
      text: 'A browser was marked as trusted. For a while, it won’t ask for your second factor when you sign in.',
    },
    trusted_device_reused: {
      subject: '{site}: a trusted browser may have been copied',
      text: 'Two browsers used the token of one that you trust, so someone has probably copied it. That browser is no longer trusted, and the sessions it opened were signed out. Whoever used the copy also knew your password.',
    },
    trusted_device_copied: {
      subject: '{site}: the token of a trusted browser was used elsewhere',
      text: 'A different kind of browser used the token of one that you trust, so someone has probably copied it. That browser was asked for your second factor. Whoever used it knew your password.',
    },
    new_sign_in: {
      subject: '{site}: new sign-in',
      text: 'Someone signed in to your account with a browser that hasn’t been used for it before, or not for a long time. Private windows and browsers whose cookies were deleted count as new, too. If it was you, you don’t need to do anything.',
    },
    admin_reset: {
      subject: '{site}: your second factors were reset',
      text: 'An administrator removed second factors from your account. You may have to set up a new one the next time you sign in.',
    },
    enrollment_demanded: {
      subject: '{site}: your account needs a second factor',
      text: 'An administrator requires a second factor for your account. From {from}, you won’t be able to continue without one. Set one up the next time you sign in.',
    },
  },
  details: {
    time: 'When: {time}',
    ip: 'IP address: {ip}',
    userAgent: 'Browser: {userAgent}',
    repudiation:
      'If this wasn’t you, change your password right away, check the second factors on your account, and tell the people who run {site}.',
  },
  pages: ENGLISH_PAGES,
});
