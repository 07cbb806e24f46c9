import type { MfaPageTexts, MfaPlainPageText } from '../../i18n/page-texts.js';
import type { MfaPageName } from './page-props.js';

/** The text that is each page's title. */
const TITLES: Record<MfaPageName, MfaPlainPageText> = {
  index: 'indexTitle',
  authenticate: 'authenticateTitle',
  reauthenticate: 'reauthenticateTitle',
  enrol: 'enrolTitle',
  passkey: 'passkeyTitle',
  'sign-up': 'signUpTitle',
  'totp/add': 'totpAddTitle',
  'totp/remove': 'totpRemoveTitle',
  'factors/add': 'factorAddTitle',
  'factors/remove': 'factorRemoveTitle',
  'webauthn/add': 'webauthnAddTitle',
  'webauthn/edit': 'webauthnEditTitle',
  'webauthn/remove': 'webauthnRemoveTitle',
  'recovery-codes/index': 'recoveryTitle',
  'recovery-codes/generate': 'recoveryGenerateTitle',
  'trusted-devices': 'devicesTitle',
  sessions: 'sessionsTitle',
  lost: 'lostTitle',
  found: 'foundTitle',
  error: 'errorTitle',
};

export const PAGE_NAMES = Object.keys(TITLES) as MfaPageName[];

export function titleOf(name: MfaPageName, props: object, texts: MfaPageTexts): string {
  // The same page asks whether to generate new codes, and shows them.
  if (name === 'recovery-codes/generate' && (props as { codes?: unknown }).codes)
    return texts.recoverySaveTitle;
  if (name === 'error' && (props as { oldForm?: unknown }).oldForm) return texts.errorOldTitle;
  return texts[TITLES[name]];
}
