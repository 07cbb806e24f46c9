import type { MfaPageTexts, MfaPlainPageText } from '../../i18n/page-texts.js';

/** What account security can say that was just done, by its name in `?notice=`. */
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

/** The text of a notice; null for anything else that an address may say. */
export function noticeText(name: string | null, texts: MfaPageTexts): string | null {
  return name !== null && Object.hasOwn(NOTICES, name) ? texts[NOTICES[name as PageNotice]] : null;
}

/** Whether the browser should be told which of its passkeys are left. */
export function isNoticeOfKeys(name: string | null): boolean {
  return name === 'key-removed';
}
