import type { GivenOf } from './option.js';
import { integer, special, toggle } from './option.js';

/** The options of the database. */
export const STORAGE_OPTIONS = {
  /** How long a statement may take before the request is refused with 503, in seconds. */
  timeoutSeconds: integer(10, 1, 300),
  /**
   * Whether PostgreSQL keeps the plans of frequent statements, for each connection. Leave it off behind a pooler in transaction mode,
   * unless the pooler keeps prepared statements (PgBouncer from 1.21 on, `max_prepared_statements`). No effect on other engines.
   */
  preparedStatements: toggle(false),
  /**
   * Whether the first boot with seals also seals existing factors. Set it to false afterwards: then nobody who can write to the
   * database can make it happen again.
   */
  sealFormerRows: toggle(true),
};

export interface MfaStorageOptions extends GivenOf<typeof STORAGE_OPTIONS> {}

/** The options of removing what has expired. */
export const RETENTION_OPTIONS = {
  /** How often expired rows are removed, in seconds; 0: never automatically. */
  everySeconds: integer(300, 0, 86_400),
  /** How many rows one statement removes. */
  batchSize: integer(1000, 1, 10_000),
};

export interface MfaRetentionOptions extends GivenOf<typeof RETENTION_OPTIONS> {}

/** The options of the audit trail. */
export const AUDIT_OPTIONS = {
  /** Whether every event is kept in a table, written in the transaction of its change. Profiles require it. */
  enabled: special<boolean>({
    kind: 'boolean',
    usual: 'false; profiles true',
    range: 'true, false; profiles true',
    read: (name, value, problems, { profile, preset: { needsAudit } }) => {
      const enabled = problems.boolean(name, value, needsAudit);
      if (needsAudit && !enabled) {
        problems.add(
          `\`${name}\` must be true under profile \`${profile}\`: you have to keep a record of what happened to each authenticator (NIST SP 800-63B-4, section 4.1)`,
        );
      }
      return enabled;
    },
  }),
  /** How long entries are kept, in days. */
  retentionDays: integer(365, 1, 36_500),
};

export interface MfaAuditOptions extends GivenOf<typeof AUDIT_OPTIONS> {}
