import { typeOfMethod } from '../core/policy/factor-traits.js';
import type { AuthenticationMethod } from '../core/policy/methods.js';
import type { PageLanguage } from './factor-label.js';
import { factorLabel } from './factor-label.js';
import type { MfaPlainPageText } from './page-texts.js';

const LABELS: Partial<Record<string, MfaPlainPageText>> = {
  pwd: 'methodPwd',
  recovery_code: 'methodRecoveryCode',
  trusted_device: 'methodTrustedDevice',
};

/** How people call what a session has proven; a first factor by a word of the application's has no name of its own here. */
export function methodLabel(method: AuthenticationMethod, language: PageLanguage): string {
  const key = LABELS[method];
  if (key !== undefined) return language.texts[key];
  const type = typeOfMethod(method);
  return type === undefined ? language.texts.methodOther : factorLabel(type, language);
}
