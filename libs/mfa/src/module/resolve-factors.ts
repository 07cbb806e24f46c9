import type { MfaFactorOption } from '../engine/factors/mfa-factor.js';
import { registerFactorType } from '../core/policy/methods.js';
import type { Problems } from '../options/problems.js';

/** Resolves the option `factors` and registers its types. */
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
        '`factors` must be a list of emailCode(), smsCode(), or classes that extend MfaFactor and declare `static traits`',
      );
      continue;
    }
    if (types.has(traits.type)) problems.add(`\`factors\` has two factors of type ${traits.type}: keep one`);
    types.add(traits.type);
    for (const problem of (factor as { problems?: readonly string[] }).problems ?? []) problems.add(problem);
    if (!areTables((factor as { tables?: unknown }).tables)) {
      problems.add(
        `\`factors\`: \`tables\` of ${traits.type} must be a list of tables, each with its \`entity\``,
      );
    }
    try {
      registerFactorType(traits);
    } catch (error) {
      problems.add(`\`factors\`: ${(error as Error).message}`);
    }
  }
  return problems.list.length > 0 ? [] : (factors as MfaFactorOption[]);
}

function areTables(given: unknown): boolean {
  const isTable = (one: unknown) => typeof (one as { entity?: unknown } | null)?.entity === 'function';
  return given === undefined || (Array.isArray(given) && given.every(isTable));
}
