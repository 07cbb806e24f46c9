import type { GivenOf } from './option.js';
import { integer, special, toggle } from './option.js';

/** The options of the database. */
export const STORAGE_OPTIONS = {
  /** How long a statement may take, in seconds, before the request fails with 503. */
  timeoutSeconds: integer(10, 1, 300),
  /**
   * Whether each PostgreSQL connection keeps the plans of frequent statements. Leave it off behind a pooler in transaction mode, unless
   * the pooler supports prepared statements (PgBouncer 1.21 or later, `max_prepared_statements`). No effect on other engines.
   */
  preparedStatements: toggle(false),
  /**
   * Whether the first boot with seals also seals existing factors. Set it to false afterwards, so that nobody with write access to the
   * database can make it happen again.
   */
  sealFormerRows: toggle(true),
};

export interface MfaStorageOptions extends GivenOf<typeof STORAGE_OPTIONS> {}

/** The options of the removal of expired rows. */
export const RETENTION_OPTIONS = {
  /** How often expired rows are removed, in seconds; 0: never automatically. */
  everySeconds: integer(300, 0, 86_400),
  /** How many rows one statement deletes. */
  batchSize: integer(1000, 1, 10_000),
};

export interface MfaRetentionOptions extends GivenOf<typeof RETENTION_OPTIONS> {}

/** The options of the audit trail. */
export const AUDIT_OPTIONS = {
  /** Whether every event is stored in a table, in the same transaction as the change it records. Profiles require it. */
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
