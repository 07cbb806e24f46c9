export interface MfaTableOptions {
  /** The prefix of table names, and of index names after `idx_` or `uq_`. Default: `mfa_`. */
  prefix?: string;
  /** The database schema of the tables, for databases that have schemas. Default: that of the DataSource. */
  schema?: string;
  /**
   * The application's user entity. A user's rows are then deleted together with the user (`ON DELETE CASCADE`). Default: no
   * foreign key.
   */
  users?: () => new () => object;
  /** The type of the application's user ids. Default: `varchar` of 191 characters. */
  userId?: { type: 'varchar' | 'uuid' | 'int' | 'bigint'; length?: number };
  /** Compares user ids byte by byte on MySQL and MariaDB. Other databases don't have this collation, and don't need it. */
  binaryCollation?: boolean;
}

export type ResolvedTableOptions = Required<Pick<MfaTableOptions, 'prefix' | 'userId' | 'binaryCollation'>> &
  Pick<MfaTableOptions, 'schema' | 'users'>;

/** A collation of MySQL and MariaDB that distinguishes `Admin` from `admin`. */
export const BINARY_COLLATION = 'utf8mb4_bin';

export const DEFAULT_PREFIX = 'mfa_';

const DEFAULTS: ResolvedTableOptions = {
  prefix: DEFAULT_PREFIX,
  userId: { type: 'varchar', length: 191 },
  binaryCollation: false,
};

let current = DEFAULTS;

/** The options last passed to {@link configureMfaTables}. */
export function tableOptions(): ResolvedTableOptions {
  return current;
}

/** Implements {@link configureMfaTables}. Returns the previous options. */
export function setTableOptions(options: MfaTableOptions): ResolvedTableOptions {
  const former = current;
  // Undefined options, for example from an unset environment variable, count as absent.
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  current = { ...DEFAULTS, ...(Object.fromEntries(given) as MfaTableOptions) };
  return former;
}
