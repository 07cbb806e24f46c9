import type { MfaBehaviourOptions } from './mfa-options.js';
import type { Problems } from './problems.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** The options that keep codes from being guessed. */
export function resolveRateLimit(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
): ResolvedMfaOptions['rateLimit'] {
  const rateLimit = problems.group('rateLimit', options.rateLimit);
  problems.onlyKnown('rateLimit.', rateLimit, ['attempts', 'windowSeconds', 'lockAfter', 'unlock']);
  return {
    attempts: problems.integer('rateLimit.attempts', rateLimit['attempts'], 5, 1, 1_000_000),
    windowSeconds: problems.integer('rateLimit.windowSeconds', rateLimit['windowSeconds'], 300, 1, 86_400),
    lockAfter: problems.integer('rateLimit.lockAfter', rateLimit['lockAfter'], 100, 1, 100),
    unlock: resolveUnlock(problems, rateLimit['unlock'], profile),
  };
}

function resolveUnlock(
  problems: Problems,
  given: unknown,
  profile: ResolvedMfaOptions['profile'],
): ResolvedMfaOptions['rateLimit']['unlock'] {
  const unlock = problems.group('rateLimit.unlock', given);
  problems.onlyKnown('rateLimit.unlock.', unlock, [
    'byOtherFactor',
    'byCodes',
    'codesApartSeconds',
    'afterSeconds',
  ]);
  const byCodes = problems.integer('rateLimit.unlock.byCodes', unlock['byCodes'], 0, 0, 10);
  if (byCodes === 1) {
    problems.add('`rateLimit.unlock.byCodes` must be 0 or 2 to 10: a single code would make the lock void');
  }
  const afterSeconds = problems.integer(
    'rateLimit.unlock.afterSeconds',
    unlock['afterSeconds'],
    0,
    0,
    31_536_000,
  );
  if (afterSeconds > 0 && profile !== 'default') {
    problems.add(
      `\`rateLimit.unlock.afterSeconds\` must be 0 under profile \`${profile}\`: a lock must not open by waiting alone`,
    );
  }
  return {
    byOtherFactor: problems.boolean('rateLimit.unlock.byOtherFactor', unlock['byOtherFactor'], false),
    byCodes,
    codesApartSeconds: problems.integer(
      'rateLimit.unlock.codesApartSeconds',
      unlock['codesApartSeconds'],
      60,
      1,
      3600,
    ),
    afterSeconds,
  };
}
