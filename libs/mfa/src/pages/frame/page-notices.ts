import type { MfaPageTexts, MfaPlainPageText } from '../../i18n/page-texts.js';

/** The notices about completed actions on the account security page, by their name in `?notice=`. */
const NOTICES = {
  'totp-added': 'noticeTotpAdded',
  'totp-replaced': 'noticeTotpReplaced',
  'key-added': 'noticeKeyAdded',
  'factor-added': 'noticeFactorAdded',
  renamed: 'noticeRenamed',
  removed: 'noticeRemoved',
  'key-removed': 'noticeRemoved',
  suspended: 'noticeSuspended',
  resumed: 'noticeResumed',
  'device-revoked': 'noticeDeviceRevoked',
  'devices-revoked': 'noticeDevicesRevoked',
  'session-ended': 'noticeSessionEnded',
  'sessions-ended': 'noticeSessionsEnded',
} as const satisfies Record<string, MfaPlainPageText>;

export type PageNotice = keyof typeof NOTICES;

/** The text of a notice; null for any other name in the URL. */
export function noticeText(name: string | null, texts: MfaPageTexts): string | null {
  return name !== null && Object.hasOwn(NOTICES, name) ? texts[NOTICES[name as PageNotice]] : null;
}

/** Whether to tell the browser which of its passkeys are left. */
export function isNoticeOfKeys(name: string | null): boolean {
  return name === 'key-removed';
}
