import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';

/** The columns that matter in a row of any of the tables. */
export interface SecretRow {
  id?: string;
  userId?: string;
  /** The factor's type; absent in tables of a single factor. */
  type?: MfaType;
  data?: string;
  lastStep?: number | null;
  seal?: string | null;
}

/** A table whose rows depend on the secret: through envelopes, a `seal`, or both. Columns are named by their properties. */
export interface SecretTable {
  entity: new () => object;
  /** The id that rows are iterated by, and that envelopes are bound to. */
  id: string;
  userId: string;
  /** The authenticator whose proofs the row verifies, in addition to or in place of its own row. */
  authenticatorId?: string;
  /** The columns with envelopes. */
  encrypted: readonly string[];
  /** The factor types whose rows are never in an envelope, whatever they look like. */
  plainTypes?: () => readonly MfaType[];
  /** The factor type of all rows, if the rows themselves don't say. */
  type?: MfaType;
  /** The purpose that envelopes of a column are bound to. Default: the type. */
  purposeOf?: (column: string) => string;
  seals: SealsOfTable | null;
  /**
   * Whether losing the row is a lasting loss to the user. A user who loses a session or a trusted browser just signs in again.
   */
  isMissed: boolean;
  /** Whether its rows are setups, which aren't factors yet. */
  isSetup?: true;
}

export interface SealsOfTable {
  /** The seal of the row; null if the row needs none. */
  make(keyRing: KeyRing, row: SecretRow): string | null;
  /** Whether the row's seal is valid, or it needs none. */
  hold(keyRing: KeyRing, row: SecretRow): boolean;
}

export function sealsOf<T>(
  make: (keyRing: KeyRing, row: T) => string | null,
  hold: (keyRing: KeyRing, row: T) => boolean,
): SealsOfTable {
  return { make: (ring, row) => make(ring, row as T), hold: (ring, row) => hold(ring, row as T) };
}

/** A table of setups that wait for their first code: rows with their own id, encrypted and without seals. */
export function encryptedSetups(entity: new () => SecretRow, type?: MfaType): SecretTable {
  return {
    entity,
    id: 'id',
    userId: 'userId',
    encrypted: ['data'],
    ...(type ? { type } : {}),
    seals: null,
    isMissed: true,
    isSetup: true,
  };
}

/** The value of a column. */
export function valueOf(row: object, column: string): unknown {
  return (row as Record<string, unknown>)[column];
}

/** The id of the user the row belongs to. */
export function userIdOfRow({ userId }: SecretTable, row: SecretRow): string {
  return String(valueOf(row, userId));
}

/** The columns that should be in envelopes, with their values; also values that are not, but should be. */
export function encryptedOf({ encrypted, plainTypes }: SecretTable, row: SecretRow): [string, string][] {
  if (plainTypes?.().some((type) => type === row.type)) return [];
  return encrypted
    .map((column) => [column, valueOf(row, column)] as const)
    .filter((pair): pair is [string, string] => typeof pair[1] === 'string');
}

/** What the envelope in that column is bound to. */
export function envelopeContext(table: SecretTable, row: SecretRow, column: string): MfaEncryptionContext {
  const purpose = table.purposeOf?.(column) ?? row.type ?? table.type;
  if (purpose === undefined)
    throw new Error(`Nothing says which factor the rows of ${table.entity.name} belong to`);
  return { purpose, userId: userIdOfRow(table, row), recordId: String(valueOf(row, table.id)) };
}
