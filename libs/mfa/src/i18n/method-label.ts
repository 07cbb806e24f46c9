import { typeOfMethod } from '../core/policy/factor-traits.js';
import type { AuthenticationMethod } from '../core/policy/methods.js';
import { factorLabel } from './factor-label.js';
import type { MfaPageTexts, MfaPlainPageText } from './page-texts.js';

const LABELS: Partial<Record<string, MfaPlainPageText>> = {
  pwd: 'methodPwd',
  recovery_code: 'methodRecoveryCode',
  trusted_device: 'methodTrustedDevice',
};

/** How people call what a session has proven; a first factor by a word of the application's has no name of its own here. */
export function methodLabel(method: AuthenticationMethod, texts: MfaPageTexts): string {
  const key = LABELS[method];
  if (key !== undefined) return texts[key];
  const type = typeOfMethod(method);
  return type === undefined ? texts.methodOther : factorLabel(type, texts);
}
