/** The English page texts. Every language has the same keys. */
export const ENGLISH_PAGES = Object.freeze({
  // Shared by all pages
  backToSecurity: 'Account security',
  cancel: 'Cancel',
  neverUsed: 'Never used',
  goToSite: 'Go to {site}',
  support: 'Questions? {contact}',
  mailPage: 'See your account: {url}',
  copy: 'Copy',
  copied: 'Copied',
  scriptNeeded: 'Security keys and passkeys need JavaScript. Turn it on, or use another method.',
  ceremonyCancelled: 'That didn’t work. It may have been cancelled or timed out. Try again.',
  ceremonyUnsupported: 'This browser can’t use security keys or passkeys.',
  ceremonyFailed: 'The security key or passkey could not be used. Try again.',

  // Account security
  indexTitle: 'Account security',
  statusOn: 'Two-factor authentication is on.',
  statusOff: 'Two-factor authentication is off. Only your password protects your account.',
  statusRequired: 'Your account needs a second factor.',
  statusDeadline: 'Set up a second factor by {time}. After that, you can’t continue without one.',
  statusVerified: 'You last confirmed with your second factor on {time}.',
  factorsTitle: 'Your second factors',
  factorsNone: 'You have no second factor yet.',
  typeTotp: 'Authenticator app',
  typeWebauthn: 'Security key',
  typePasskey: 'Passkey',
  keyInAccount: 'In {provider}, on all devices signed in to that account',
  keySynced: 'In a password manager, on all devices signed in to it',
  keyOnSecurityKey: 'Only on this security key',
  keyOnDevice: 'Only on the device where it was created (not synced)',
  keyOnOne: 'Only on one device or security key',
  added: 'Added',
  lastUsed: 'Last used',
  locked: 'Locked after too many failed attempts',
  suspended: 'Reported as lost: can’t be used to sign in',
  destinationChanged: 'Doesn’t work any more: your address or number has changed. Set it up again.',
  lostLink: 'Lost it?',
  foundLink: 'Use it again',
  rename: 'Rename',
  totpReplace: 'Move to a new phone',
  endOtherSessions: 'Sign out everywhere else',
  verifyEmail: 'Verify your email address first. After that, you can set up a second factor.',
  addAnother: 'Add another second factor',
  addTotp: 'Set up an authenticator app',
  addKey: 'Add a security key or passkey',
  addFactor: 'Set up: {factor}',
  codesRemaining: {
    one: '{remaining} of {total} recovery code left',
    other: '{remaining} of {total} recovery codes left',
  },
  codesFew: {
    one: 'Only {remaining} recovery code is left. Create new ones.',
    other: 'Only {remaining} recovery codes are left. Create new ones.',
  },
  codesUsedUp: 'You have no recovery codes left. Create new ones.',
  codesNone: 'You have no recovery codes.',
  codesLink: 'Recovery codes',
  devicesLink: 'Trusted browsers',
  sessionsLink: 'See your sessions',
  noticeTotpAdded: 'The authenticator app was added.',
  noticeTotpReplaced: 'The new authenticator app has replaced the old one.',
  noticeRecoveryCodeUsed:
    'You used a recovery code, which no longer works. Create new ones before you run out.',
  noticeFactorAdded: 'The second factor was added.',
  noticeKeyAdded: 'The security key or passkey was added.',
  noticeRenamed: 'The new name was saved.',
  noticeRemoved: 'The second factor was removed.',
  noticeSuspended: 'The second factor was reported as lost. Nobody can sign in with it.',
  noticeResumed: 'The second factor can be used again.',
  noticeDeviceRevoked: 'The browser is no longer trusted.',
  noticeDevicesRevoked: 'All trusted browsers were removed.',
  noticeSessionEnded: 'That session was signed out.',
  noticeSessionsEnded: 'You’ve been signed out everywhere else.',

  // Confirming with a second factor
  authenticateTitle: 'Confirm it’s you',
  authenticateKeyLead: 'Use your security key or passkey.',
  authenticateKeyButton: 'Use a security key or passkey',
  authenticateCodeLabel: 'Code from your authenticator app',
  authenticateCodeHint: '{digits} digits. Open the app to see the code.',
  authenticateRecoveryLabel: 'Recovery code',
  authenticateRecoveryHint: 'One of the codes you saved. Each one works once.',
  authenticateNewCodes: 'Create new recovery codes after signing in',
  authenticateSubmit: 'Confirm',
  authenticateOr: 'or',
  needsUserVerified:
    'This needs a security key or passkey that checks your PIN, fingerprint or face. If yours can’t, add another one.',
  needsDeviceBound: 'This needs a security key or passkey that stays on its device and is not synced.',
  needsAttested: 'This needs a security key or passkey of an approved model.',
  needsAllOf: 'This needs several of your second factors, one after the other.',
  needsOnce: 'This needs a new confirmation each time.',
  authenticateSend: 'Send a code: {factor}',
  authenticateSendAgain: 'Send another code: {factor}',
  authenticateChallenge: 'Continue with: {factor}',
  authenticateChallengeAgain: 'Start again: {factor}',
  authenticateOwnLabel: 'Enter the code: {factor}',
  authenticateSentLabel: 'Code from the message',
  codeSentTo: 'We sent a code to {destination}.',
  codeSend: 'Send a code',
  authenticateUseRecovery: 'Use a recovery code',
  authenticateUseOther: 'Use another method',
  authenticateTrust: {
    one: 'Trust this browser. It won’t ask for a second factor when you sign in for {days} day.',
    other: 'Trust this browser. It won’t ask for a second factor when you sign in for {days} days.',
  },
  authenticateTrustHint: 'Only on a device that nobody else uses.',
  authenticateTrustNoBackup: 'Has no effect with a recovery code.',
  authenticateNothing: 'None of your second factors can be used here.',
  authenticateLost: 'Lost your second factor?',
  authenticateCancel: 'Cancel and sign in as someone else',
  invalidCode: 'Enter the digits of the code, or a recovery code.',

  // Reporting and recovering lost factors
  lostTitle: 'Report a lost second factor',
  lostLead:
    'Once you report it, nobody can sign in with it. You’ll be signed out everywhere else, and browsers you trusted will ask again.',
  lostNext:
    'Your account will still ask for a second factor: use another one or a recovery code. If you have neither, contact the people who run this site. You can undo this with another second factor.',
  lostWhich: 'What did you lose?',
  lostSubmit: 'Report as lost',
  lostNothing:
    'There’s nothing to report. If you’ve lost your recovery codes, sign in with your second factor and create new ones.',
  lostAll:
    'Everything you could sign in with has been reported as lost. Use a recovery code. If you have none, contact the people who run this site.',
  foundTitle: 'Use a second factor again',
  foundLead: '“{name}” was reported as lost. Use it again only if nobody else has had it.',
  foundSubmit: 'Use it again',

  // Factors of the option `factors`
  factorAddTitle: 'Set up a second factor',
  factorRemoveTitle: 'Remove a second factor',
  factorRemoveLead: 'You won’t be able to sign in with it any more.',
  factorSendLead: 'We’ll send a code to the address or number on your account. Enter it on the next page.',
  factorBeginLead: 'The next page will guide you through the steps.',
  factorRestricted:
    'Phone numbers can be hijacked, and text messages intercepted. An authenticator app or a security key protects you better.',
  factorCode: 'Your code',
  factorNameHint: 'To help you recognize it in your list. You can leave it empty.',
  factorSubmit: 'Set up',
  factorExpires: 'Enter the code by {time}. After that, start again.',
  factorAgain: 'Start again',

  // Proving the password again
  reauthenticateTitle: 'Enter your password again',
  reauthenticateLead: 'You’re about to change how your account is protected.',
  reauthenticateAs: 'You’re signed in as {user}.',
  password: 'Password',
  wrongPassword: 'Wrong password.',
  continue: 'Continue',
  reauthenticateElsewhere: 'Sign in again to continue.',
  signIn: 'Sign in',

  // Enrollment required
  enrolTitle: 'Set up a second factor',
  enrolLead: 'To continue, you need a second factor: something besides your password that only you have.',
  enrolPhishing:
    'To continue, you need a security key or passkey. It can’t be tricked into signing in to a fake site.',
  enrolTotpLead: {
    one: 'An app on your phone shows a new code every {period} second.',
    other: 'An app on your phone shows a new code every {period} seconds.',
  },
  enrolKeyLead: 'A key that you plug in or hold against your phone, or this device’s screen lock.',
  enrolNothing: 'No second factor can be set up right now.',

  // Signing in with a passkey
  passkeyTitle: 'Sign in with a passkey',
  passkeyLead:
    'A passkey signs you in without a password, using your device’s screen lock or a security key.',
  passkeyLabel: 'Email or user name',
  passkeyHint: 'Choose your passkey from the suggestions, or press the button.',
  passkeyButton: 'Sign in with a passkey',
  passkeyOther: 'Sign in another way',

  // Creating an account with a passkey
  signUpTitle: 'Create an account with a passkey',
  signUpLead:
    'You don’t need a password: your device’s screen lock or a security key will sign you in. We’ll give you recovery codes in case you lose it.',
  signUpHint: 'Your passkey will be listed under this name.',
  signUpButton: 'Create account',
  signUpOther: 'I already have an account',

  // Authenticator app
  totpAddTitle: 'Set up an authenticator app',
  totpReplaceLead: 'The new app will replace “{name}”, which keeps working until you’re done.',
  totpStep1: 'Scan this QR code with an authenticator app.',
  totpQr: 'QR code with the setup key of your new authenticator app. The key is below as text, too.',
  totpManual: 'Can’t scan it? Enter this setup key in the app:',
  totpStep2: 'Enter the code shown in the app.',
  totpCode: 'Code',
  totpCodeHint: '{digits} digits',
  totpName: 'Name (optional)',
  totpNameHint: 'To help you recognize it, such as “My phone”.',
  totpSubmit: 'Activate',
  totpExpires: 'Enter the code by {time}. After that, reload this page for a new setup key.',
  totpNext: 'Next, you’ll get recovery codes in case you lose your phone.',
  totpRemoveTitle: 'Remove the authenticator app',
  totpRemoveLead: 'Its codes will stop working.',
  totpRemoveWhich: 'Which one?',
  removeLast:
    'This is your last second factor. Removing it turns two-factor authentication off, and removes your recovery codes and trusted browsers.',
  removeNeeded:
    'Your account must have a second factor, so you can’t remove the last one. Add another one first.',
  removeNotAllowed: 'This second factor can’t be removed.',
  removeSubmit: 'Remove',
  invalidName: 'Enter a name of 1 to 100 characters.',
  invalidTotp: 'Enter the digits shown in the app.',

  // Security keys and passkeys
  webauthnAddTitle: 'Add a security key or passkey',
  webauthnAddLead: 'Have your key ready, or use this device’s screen lock. Your browser will guide you.',
  webauthnName: 'Name (optional)',
  webauthnNameHint: 'To help you recognize it, such as “Blue key”.',
  webauthnPasswordless: 'Let it sign me in without my password',
  webauthnPasswordlessHint: 'The key will then ask for your PIN, fingerprint or face.',
  webauthnSubmit: 'Add',
  webauthnEditTitle: 'Rename a key',
  webauthnEditLabel: 'Name',
  webauthnEditSubmit: 'Save',
  webauthnRemoveTitle: 'Remove a key',
  webauthnRemoveLead: 'You won’t be able to sign in with “{name}” any more.',

  // Recovery codes
  recoveryTitle: 'Recovery codes',
  recoveryLead: 'Recovery codes let you sign in if you lose your phone or key. Each one works once.',
  recoveryCreated: 'Created on {time}.',
  recoveryUnavailable: 'You’ll get recovery codes when you set up a second factor.',
  recoveryGenerate: 'Create new codes',
  recoveryGenerateTitle: 'Create new recovery codes',
  recoveryGenerateLead: 'Your current codes will stop working immediately.',
  recoveryGenerateSubmit: 'Create new codes',
  recoveryNotNow: 'Not now',
  recoverySaveTitle: 'Save your recovery codes',
  recoverySaveLead: 'They’re shown only once. Print them, or save them in a password manager.',
  recoveryFile: '{site}: recovery codes for {user}, created on {time}. Each one works once.',
  recoveryDownload: 'Download as text',
  recoveryCopy: 'Copy all',
  recoveryPrint: 'Print',
  recoverySaved: 'I have saved these codes',
  recoveryDone: 'Continue',

  // Trusted browsers
  devicesTitle: 'Trusted browsers',
  devicesLead: 'These browsers don’t ask for your second factor when you sign in.',
  devicesNone: 'You have no trusted browsers.',
  devicesName: '{browser} on {system}',
  devicesUnknown: 'Unknown browser',
  devicesCurrent: 'this browser',
  devicesTrusted: 'Trusted since',
  devicesExpires: 'Expires',
  devicesAddress: 'Address',
  devicesRevoke: 'Remove trust',
  devicesRevokeAll: 'Remove all trusted browsers',

  // Sessions
  sessionsTitle: 'Where you’re signed in',
  sessionsLead: 'If you don’t recognize one of these, sign it out and change your password.',
  sessionsNone: 'You’re not signed in anywhere.',
  sessionsStarted: 'Signed in',
  sessionsSeen: 'Last used',
  sessionsUntil: 'Expires',
  sessionsPlace: 'Location',
  sessionsProven: 'Confirmed with',
  sessionsEnd: 'Sign out there',
  sessionsEndThis: 'Sign out this session',
  sessionsEndOthers: 'Sign out everywhere else',
  methodPwd: 'Password',
  methodRecoveryCode: 'Recovery code',
  methodTrustedDevice: 'Trusted browser',
  methodOther: 'Another way',
  signOut: 'Sign out',

  // Errors
  errorTitle: 'Something went wrong',
  errorUnexpected: 'An unexpected error occurred. It wasn’t your fault. Try again later.',
  errorOldTitle: 'This page is out of date',
  errorSuperseded:
    'This form was sent twice, or from a page that was out of date. Continue, and check whether the change was made.',
  errorOldForm: 'This page was out of date, so nothing was changed. Reload it to continue.',
  loadAgain: 'Reload',
  /** Ends messages that ask the user to wait. {@link errorRetry} replaces it if the time is known. */
  errorLater: 'Try again later.',
  errorRetry: 'Try again after {time}.',
});

type Keys = keyof typeof ENGLISH_PAGES;

/**
 * A text that contains a number: one text for all numbers, or one per plural form of the language (CLDR, named as in
 * `Intl.PluralRules`).
 */
export type MfaCountedText = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);

/** All page texts in one language, with `{…}` placeholders. */
export type MfaPageTexts = Readonly<{
  [Key in Keys]: (typeof ENGLISH_PAGES)[Key] extends string ? string : MfaCountedText;
}>;

/** The keys of texts without plural forms. */
export type MfaPlainPageText = {
  [Key in Keys]: (typeof ENGLISH_PAGES)[Key] extends string ? Key : never;
}[Keys];
