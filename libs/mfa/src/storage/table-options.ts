export interface MfaTableOptions {
  /** What the names of tables begin with, and of indices after `idx_` or `uq_`. Default: `mfa_`. */
  prefix?: string;
  /** The database schema that holds the tables, on engines that have schemas. Default: that of the DataSource. */
  schema?: string;
  /** The application's entity of users: what is kept of one goes with the row (`ON DELETE CASCADE`). Default: no foreign key. */
  users?: () => new () => object;
  /** The type of the application's user ids. Default: `varchar` of 191 characters. */
  userId?: { type: 'varchar' | 'uuid' | 'int' | 'bigint'; length?: number };
  /** Compares user ids byte by byte on MySQL and MariaDB. Other engines know no such collation, and need none. */
  binaryCollation?: boolean;
}

export type ResolvedTableOptions = Required<Pick<MfaTableOptions, 'prefix' | 'userId' | 'binaryCollation'>> &
  Pick<MfaTableOptions, 'schema' | 'users'>;

/** A collation of MySQL and MariaDB that tells `Admin` from `admin`. */
export const BINARY_COLLATION = 'utf8mb4_bin';

export const DEFAULT_PREFIX = 'mfa_';

const DEFAULTS: ResolvedTableOptions = {
  prefix: DEFAULT_PREFIX,
  userId: { type: 'varchar', length: 191 },
  binaryCollation: false,
};

let current = DEFAULTS;

/** What {@link configureMfaTables} was told last. */
export function tableOptions(): ResolvedTableOptions {
  return current;
}

/** For {@link configureMfaTables}; returns what was in force before. */
export function setTableOptions(options: MfaTableOptions): ResolvedTableOptions {
  const former = current;
  // What is left undefined, as from an environment variable that is not set, is not there.
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  current = { ...DEFAULTS, ...(Object.fromEntries(given) as MfaTableOptions) };
  return former;
}
