import type { MfaErrorCode } from '../core/errors/error-codes.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaLocaleTexts } from './locale-texts.js';
import { ENGLISH_PAGES } from './page-texts.js';

const errors = Object.fromEntries(Object.entries(MFA_ERRORS).map(([code, { message }]) => [code, message]));

/** What lies behind a code. */
export const ENGLISH_REASONS: Readonly<Record<MfaRefusalReason, string>> = Object.freeze({
  backup_eligibility_changed:
    'This security key or passkey has changed since it was registered: whether it can be copied to other devices is different now. Sign in with another factor, remove it from your account, and register it again.',
  factor_suspended: 'This factor was reported as lost, and can’t be used. Use another one.',
  other_factor_needed: 'None of your second factors can be used here. Set up one that can.',
  key_can_be_synced:
    'This passkey can be copied to other devices, and here only keys that stay on their device may be registered. Use a security key.',
  key_cloned:
    'This security key is locked, because it behaved as if a copy of it existed. Use another factor, remove the key from your account, and register another one.',
});

/** What brings a code: it says who asks, and that nobody else ever does (NIST SP 800-63B-4, section 3.1.3). */
export const ENGLISH_MESSAGE =
  '{code} is your code for {site}. It works for {minutes} minutes. Don’t share it: we will never ask you for it. If you didn’t request it, someone may know your password.';

/** English: the default. */
export const ENGLISH: MfaLocaleTexts = Object.freeze({
  locale: 'en',
  errors: Object.freeze(errors as Record<MfaErrorCode, string>),
  reasons: ENGLISH_REASONS,
  message: ENGLISH_MESSAGE,
  notifications: {
    authenticator_added: {
      subject: '{site}: a second factor was added',
      text: '“{name}” was added to your account. It can be used to sign in from now on.',
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
      text: '“{name}” was locked, and can be used to sign in again.',
    },
    authenticator_suspended: {
      subject: '{site}: a second factor was suspended',
      text: '“{name}” was reported as lost. It can’t be used to sign in until you confirm with another factor that it is still yours. Your account still asks for a second factor, you were signed out everywhere else, and no browser is trusted any more. If you didn’t report it, someone knows your password.',
    },
    authenticator_resumed: {
      subject: '{site}: a second factor can be used again',
      text: '“{name}”, which was reported as lost, can be used to sign in again.',
    },
    authenticator_cloned: {
      subject: '{site}: a security key may have been copied',
      text: 'The security key “{name}” behaved as if a copy of it existed. It may be locked now. Remove it from your account and register another one.',
    },
    authenticator_model_revoked: {
      subject: '{site}: a security key should be replaced',
      text: 'Security keys of the same model as “{name}” are no longer considered safe: a weakness in them has become known. The key still works. Register another one, and remove this one from your account.',
    },
    attempts_exhausted: {
      subject: '{site}: too many failed attempts',
      text: 'Too many attempts to confirm your identity failed within a short time, with codes, keys or your password. More are refused for a while, even correct ones. Whoever made them knows your password or uses a device on which you are signed in.',
    },
    recovery_code_used: {
      subject: '{site}: a recovery code was used',
      text: 'One of your recovery codes was used in place of your second factor. Recovery codes left: {remaining}.',
    },
    recovery_codes_low: {
      subject: '{site}: few recovery codes are left',
      text: 'Recovery codes left: {remaining}. Make new ones and keep them in a safe place.',
    },
    recovery_codes_regenerated: {
      subject: '{site}: new recovery codes were made',
      text: 'New recovery codes were made for your account. The old ones no longer work.',
    },
    trusted_device_added: {
      subject: '{site}: a browser is now trusted',
      text: 'A browser was marked as trusted. It will not ask for your second factor at sign-in for a while.',
    },
    trusted_device_reused: {
      subject: '{site}: a trusted browser may have been copied',
      text: 'Two browsers presented the token of one that you trust, so someone has probably copied it. That browser is no longer trusted, and the sessions that it opened were signed out. Whoever used the copy knew your password as well.',
    },
    trusted_device_copied: {
      subject: '{site}: the token of a trusted browser was used elsewhere',
      text: 'Another kind of browser presented the token of one that you trust, so someone has probably copied it. It was asked for your second factor. Whoever used it knew your password.',
    },
    new_sign_in: {
      subject: '{site}: new sign-in',
      text: 'Someone signed in to your account with a browser that was not used for it before, or not for a long time. A private window and a browser whose cookies were deleted count as new too. If it was you, there is nothing to do.',
    },
    admin_reset: {
      subject: '{site}: your second factors were reset',
      text: 'An administrator removed second factors from your account. You may have to set up a new one when you sign in next.',
    },
    enrollment_demanded: {
      subject: '{site}: your account needs a second factor',
      text: 'An administrator requires a second factor for your account. From {from} on you can’t go on without one. Set it up when you sign in next.',
    },
  },
  details: {
    time: 'When: {time}',
    ip: 'IP address: {ip}',
    userAgent: 'Browser: {userAgent}',
    repudiation:
      'Wasn’t you? Change your password right away, check the second factors on your account, and tell the people who run {site}.',
  },
  pages: ENGLISH_PAGES,
});
