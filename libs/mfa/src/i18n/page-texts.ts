/** The English texts of the pages. Their keys are those of every language. */
export const ENGLISH_PAGES = Object.freeze({
  // What all pages share
  backToSecurity: 'Account security',
  cancel: 'Cancel',
  never: 'never',
  goToSite: 'Go to {site}',
  support: 'Questions? {contact}',
  mailPage: 'See your account: {url}',
  copy: 'Copy',
  copied: 'Copied',
  scriptNeeded: 'Security keys and passkeys need JavaScript. Turn it on, or use another method.',
  ceremonyCancelled: 'That did not finish. You may have cancelled, or it took too long. Try again.',
  ceremonyUnsupported: 'This browser cannot use security keys or passkeys.',
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
  keyInAccount: 'In {provider}, on all devices of that account',
  keySynced: 'In a password manager, on all devices of that account',
  keyOnSecurityKey: 'On this one security key',
  keyOnDevice: 'On the one device that it was made on',
  keyOnOne: 'On one device or security key',
  added: 'Added',
  lastUsed: 'Last used',
  locked: 'Locked after too many failed attempts',
  suspended: 'Reported as lost: can’t be used to sign in',
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
    one: 'Only {remaining} recovery code is left. Make new ones.',
    other: 'Only {remaining} recovery codes are left. Make new ones.',
  },
  codesUsedUp: 'You have no recovery codes left. Make new ones.',
  codesNone: 'You have no recovery codes.',
  codesLink: 'Recovery codes',
  devicesLink: 'Trusted browsers',
  sessionsLink: 'See your sessions',
  noticeTotpAdded: 'The authenticator app was added.',
  noticeTotpReplaced: 'The new authenticator app has replaced the old one.',
  noticeRecoveryCodeUsed:
    'You used a recovery code, and it no longer works. Make new ones before you run out.',
  noticeFactorAdded: 'The second factor was added.',
  noticeKeyAdded: 'The security key or passkey was added.',
  noticeRenamed: 'The new name was saved.',
  noticeRemoved: 'The second factor was removed.',
  noticeSuspended: 'The second factor is suspended. Nobody can sign in with it.',
  noticeResumed: 'The second factor can be used again.',
  noticeDeviceRevoked: 'The browser is no longer trusted.',
  noticeDevicesRevoked: 'All trusted browsers were removed.',
  noticeSessionEnded: 'That session was signed out.',
  noticeSessionsEnded: 'You are signed out everywhere else.',

  // Confirming with a second factor
  authenticateTitle: 'Confirm it is you',
  authenticateKeyLead: 'Use your security key or passkey.',
  authenticateKeyButton: 'Use a security key or passkey',
  authenticateCodeLabel: 'Code from your authenticator app',
  authenticateCodeHint: '{digits} digits. Open the app to see the code.',
  authenticateRecoveryLabel: 'Recovery code',
  authenticateRecoveryHint: 'One of the codes that you saved. Each works once.',
  authenticateNewCodes: 'Then make new recovery codes',
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
  invalidCode: 'Enter the code: digits, or the letters and digits of a recovery code.',

  // Lost and found
  lostTitle: 'Report a lost second factor',
  lostLead:
    'Nobody can sign in with it any more. You are signed out everywhere else, and no browser is trusted.',
  lostNext:
    'Your account still asks for a second factor: use another one, or a recovery code. If you have neither, ask the people who run this site. With another second factor you can undo this.',
  lostWhich: 'What did you lose?',
  lostSubmit: 'Suspend it',
  lostNothing:
    'There is nothing to report. If your recovery codes are lost, sign in with your second factor and make new ones.',
  lostAll:
    'Everything you could sign in with has been reported. Use a recovery code; without one, ask the people who run this site.',
  foundTitle: 'Use a second factor again',
  foundLead: '“{name}” was reported as lost. Let it sign you in again only if nobody else had it.',
  foundSubmit: 'Use it again',

  // Factors of the option `factors`
  factorAddTitle: 'Set up a second factor',
  factorRemoveTitle: 'Remove a second factor',
  factorRemoveLead: 'It can’t be used to sign in any more.',
  factorSendLead: 'We send a code to the address or number of your account. Type it on the next page.',
  factorBeginLead: 'Start, and follow the steps on the next page.',
  factorRestricted:
    'Telephone numbers can be taken over, and text messages read by others. An authenticator app or a security key protects you better.',
  factorCode: 'Your code',
  factorNameHint: 'To help you recognize it in your list. You can leave it empty.',
  factorSubmit: 'Set up',
  factorExpires: 'Enter the code by {time}. After that, start again.',
  factorAgain: 'Start again',

  // Password again
  reauthenticateTitle: 'Enter your password again',
  reauthenticateLead: 'You are about to change how your account is protected.',
  reauthenticateAs: 'You are signed in as {user}.',
  password: 'Password',
  wrongPassword: 'Wrong password.',
  continue: 'Continue',
  reauthenticateElsewhere: 'Sign in again to continue.',
  signIn: 'Sign in',

  // Having to enroll
  enrolTitle: 'Set up a second factor',
  enrolLead: 'To continue, you need a second factor: something besides your password that only you have.',
  enrolPhishing:
    'To continue, you need a security key or passkey. It can’t be tricked into signing in to a fake site.',
  enrolTotpLead: {
    one: 'An app on your phone shows a new code every {period} second.',
    other: 'An app on your phone shows a new code every {period} seconds.',
  },
  enrolKeyLead: 'A key that you plug in or hold to your phone, or the screen lock of this device.',
  enrolNothing: 'No second factor can be set up at the moment.',

  // Signing in with a passkey
  passkeyTitle: 'Sign in with a passkey',
  passkeyLead:
    'A passkey signs you in without a password, with the screen lock of your device or a security key.',
  passkeyLabel: 'Email or user name',
  passkeyHint: 'Choose your passkey from the suggestions, or press the button.',
  passkeyButton: 'Sign in with a passkey',
  passkeyOther: 'Sign in another way',

  // Making an account with a passkey
  signUpTitle: 'Create an account with a passkey',
  signUpLead:
    'You need no password: the screen lock of your device, or a security key, signs you in from now on. You get recovery codes for the case that you lose it.',
  signUpHint: 'Your passkey is listed under this name.',
  signUpButton: 'Create account',
  signUpOther: 'I have an account',

  // Authenticator app
  totpAddTitle: 'Set up an authenticator app',
  totpReplaceLead: 'The new app will replace “{name}”, which keeps working until you have finished.',
  totpStep1: 'Scan this QR code with an authenticator app.',
  totpQr: 'QR code with the setup key of your new authenticator app. The key is below as text, too.',
  totpManual: 'Can’t scan it? Enter this setup key in the app:',
  totpStep2: 'Enter the code that the app shows.',
  totpCode: 'Code',
  totpCodeHint: '{digits} digits',
  totpName: 'Name (optional)',
  totpNameHint: 'To help you recognize it, such as “My phone”.',
  totpSubmit: 'Activate',
  totpExpires: 'Enter the code by {time}. After that, reload this page for a new setup key.',
  totpNext: 'Next, you’ll get recovery codes for when your phone is lost.',
  totpRemoveTitle: 'Remove the authenticator app',
  totpRemoveLead: 'Its codes will stop working.',
  totpRemoveWhich: 'Which one?',
  removeLast:
    'This is your last second factor. Removing it turns two-factor authentication off, and removes your recovery codes and trusted browsers.',
  removeNeeded:
    'Your account must have a second factor, so the last one cannot be removed. Add another one first.',
  removeNotAllowed: 'This second factor cannot be removed.',
  removeSubmit: 'Remove',
  invalidName: 'A name has 1 to 100 characters.',
  invalidTotp: 'Enter the digits that the app shows.',

  // Security keys and passkeys
  webauthnAddTitle: 'Add a security key or passkey',
  webauthnAddLead: 'Have your key ready, or use the screen lock of this device. Your browser will guide you.',
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
  recoveryLead: 'Recovery codes let you sign in when your phone or key is lost. Each one works once.',
  recoveryCreated: 'Created on {time}.',
  recoveryUnavailable: 'Recovery codes come with your first second factor.',
  recoveryGenerate: 'Make new codes',
  recoveryGenerateTitle: 'Make new recovery codes',
  recoveryGenerateLead: 'Your current codes will stop working immediately.',
  recoveryGenerateSubmit: 'Make new codes',
  recoveryNotNow: 'Not now',
  recoverySaveTitle: 'Save your recovery codes',
  recoverySaveLead: 'They’re shown only once. Print them, or save them in a password manager.',
  recoveryFile: '{site}: recovery codes of {user}, made at {time}. Each works once.',
  recoveryDownload: 'Download as text',
  recoveryCopy: 'Copy all',
  recoveryPrint: 'Print',
  recoverySaved: 'I have saved these codes',
  recoveryDone: 'Continue',

  // Trusted browsers
  devicesTitle: 'Trusted browsers',
  devicesLead: 'These browsers skip your second factor when you sign in.',
  devicesNone: 'You have no trusted browsers.',
  devicesName: '{browser} on {system}',
  devicesUnknown: 'Unknown browser',
  devicesCurrent: 'this browser',
  devicesTrusted: 'Trusted',
  devicesExpires: 'Until',
  devicesAddress: 'Address',
  devicesRevoke: 'Remove trust',
  devicesRevokeAll: 'Remove all trusted browsers',

  // Sessions
  sessionsTitle: 'Where you’re signed in',
  sessionsLead: 'If you don’t recognize one of these, sign it out and change your password.',
  sessionsNone: 'You’re not signed in anywhere.',
  sessionsStarted: 'Signed in',
  sessionsSeen: 'Last used',
  sessionsUntil: 'Until',
  sessionsPlace: 'Place',
  sessionsProven: 'Confirmed with',
  sessionsEnd: 'Sign out there',
  sessionsEndOthers: 'Sign out everywhere else',
  methodPwd: 'Password',
  methodRecoveryCode: 'Recovery code',
  methodTrustedDevice: 'Trusted browser',
  methodOther: 'Another way',
  signOut: 'Sign out',

  // What went wrong
  errorTitle: 'Something went wrong',
  errorUnexpected: 'An unexpected error happened. It was not your fault; try again later.',
  errorOldTitle: 'This page is out of date',
  errorSuperseded:
    'This form was sent twice, or from a page that was out of date. Continue, and check whether it was done.',
  errorOldForm: 'This page was out of date, so nothing was changed. Load it again to continue.',
  loadAgain: 'Load again',
  errorRetry: 'You can try again after {time}.',
});

type Keys = keyof typeof ENGLISH_PAGES;

/**
 * A text with a number in it: one for all numbers, or one for each form that the language tells apart (CLDR; the names are
 * those of `Intl.PluralRules`).
 */
export type MfaCountedText = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);

/** All texts of the pages in one language; `{…}` are filled in. */
export type MfaPageTexts = Readonly<{
  [Key in Keys]: (typeof ENGLISH_PAGES)[Key] extends string ? string : MfaCountedText;
}>;

/** The texts without a number that decides between forms. */
export type MfaPlainPageText = {
  [Key in Keys]: (typeof ENGLISH_PAGES)[Key] extends string ? Key : never;
}[Keys];
