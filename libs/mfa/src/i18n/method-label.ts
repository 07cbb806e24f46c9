import { typeOfMethod } from '../core/policy/methods.js';
import type { AuthenticationMethod } from '../core/policy/methods.js';
import { BUILT_IN_TRAITS } from '../factors/traits/built-in.js';
import type { PageLanguage } from './factor-label.js';
import { factorLabel } from './factor-label.js';
import type { MfaPlainPageText } from './page-texts.js';

const LABELS: ReadonlyMap<string, MfaPlainPageText> = new Map<string, MfaPlainPageText>([
  ['pwd', 'methodPwd'],
  ['trusted_device', 'methodTrustedDevice'],
  ...BUILT_IN_TRAITS.flatMap((traits): [string, MfaPlainPageText][] =>
    'methodText' in traits ? [[traits.method, traits.methodText]] : [],
  ),
]);

/** The name of a proven method. First factors that the application names itself share a generic label. */
export function methodLabel(method: AuthenticationMethod, language: PageLanguage): string {
  const key = LABELS.get(method);
  if (key !== undefined) return language.texts[key];
  const type = typeOfMethod(method);
  return type === undefined ? language.texts.methodOther : factorLabel(type, language);
}
