import type { MfaFactorOption } from '../factors/mfa-factor.js';
import { isPhishingResistantType, registerFactorType, traitsOf } from '../policy/factor-traits.js';
import type { MfaType } from '../policy/methods.js';
import type { Problems } from './problems.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** The option `factors`; their types are known from here on. */
export function resolveFactors(problems: Problems, given: unknown): readonly MfaFactorOption[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    problems.add('`factors` must be a list: emailCode(), smsCode(), or classes that extend MfaFactor');
    return [];
  }
  const factors = given as (Partial<MfaFactorOption> | null | undefined)[];
  const types = new Set<string>();
  for (const factor of factors) {
    const traits = factor?.traits;
    if (!traits) {
      problems.add(
        '`factors` must be a list of emailCode(), smsCode(), or classes that extend MfaFactor and say their `static traits`',
      );
      continue;
    }
    if (types.has(traits.type)) problems.add(`\`factors\` holds two of the type ${traits.type}`);
    types.add(traits.type);
    for (const problem of (factor as { problems?: readonly string[] }).problems ?? []) problems.add(problem);
    try {
      registerFactorType(traits);
    } catch (error) {
      problems.add(`\`factors\`: ${(error as Error).message}`);
    }
  }
  return problems.list.length > 0 ? [] : (factors as MfaFactorOption[]);
}

/** What the profile and the other factors say to those of the option `factors`. */
export function checkFactors(
  problems: Problems,
  profile: ResolvedMfaOptions['profile'],
  supportedTypes: readonly MfaType[],
): void {
  for (const type of supportedTypes) {
    const { refusedBy = [], restricted = false } = traitsOf(type) ?? {};
    if (refusedBy.some((one) => one === profile)) {
      problems.add(
        `\`factors\`: profile \`${profile}\` does not allow \`${type}\`: leave it out, also of \`supportedTypes\``,
      );
    }
    const hasStronger = supportedTypes.some((one) => one === 'totp' || isPhishingResistantType(one));
    if (restricted && !hasStronger) {
      problems.add(
        `\`supportedTypes\` must hold \`totp\` or \`webauthn\` beside \`${type}\`: it is a restricted authenticator, and users need a stronger one to choose (NIST SP 800-63B-4, section 3.2.9)`,
      );
    }
  }
}
