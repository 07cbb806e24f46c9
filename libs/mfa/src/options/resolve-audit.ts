import type { MfaBehaviourOptions } from './mfa-options.js';
import type { Problems } from './problems.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** The options of the audit trail. */
export function resolveAudit(problems: Problems, options: MfaBehaviourOptions): ResolvedMfaOptions['audit'] {
  const audit = problems.group('audit', options.audit);
  problems.onlyKnown('audit.', audit, ['enabled', 'retentionDays']);
  return {
    enabled: problems.boolean('audit.enabled', audit['enabled'], false),
    retentionDays: problems.integer('audit.retentionDays', audit['retentionDays'], 365, 1, 36_500),
  };
}
