import type { MfaBehaviourOptions } from './mfa-options.js';
import type { Problems } from './problems.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** The options of removing what has expired. */
export function resolveRetention(
  problems: Problems,
  options: MfaBehaviourOptions,
): ResolvedMfaOptions['retention'] {
  const retention = problems.group('retention', options.retention);
  problems.onlyKnown('retention.', retention, ['everySeconds', 'batchSize']);
  return {
    everySeconds: problems.integer('retention.everySeconds', retention['everySeconds'], 300, 0, 86_400),
    batchSize: problems.integer('retention.batchSize', retention['batchSize'], 1000, 1, 10_000),
  };
}
