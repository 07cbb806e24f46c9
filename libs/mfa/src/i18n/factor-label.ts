import { traitsOf } from '../core/policy/factor-traits.js';
import type { MfaType } from '../core/policy/methods.js';
import type { MfaPageTexts, MfaPlainPageText } from './page-texts.js';

/** The texts of the kinds of factor that come with the module. */
const LABELS: Partial<Record<string, MfaPlainPageText>> = {
  totp: 'typeTotp',
  webauthn: 'typeWebauthn',
  recovery_codes: 'recoveryTitle',
  email_code: 'typeEmailCode',
  sms_code: 'typeSmsCode',
};

/** How that kind of factor is called; one of the application's own says it itself. */
export function factorLabel(type: MfaType, texts: MfaPageTexts): string {
  const key = LABELS[type];
  return key === undefined ? (traitsOf(type)?.label ?? type) : texts[key];
}
