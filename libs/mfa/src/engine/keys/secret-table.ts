import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';

/** What decides about a row of any of the tables. */
export interface SecretRow {
  id?: string;
  userId?: string;
  /** Of the factor; none in tables of one. */
  type?: MfaType;
  data?: string;
  lastStep?: number | null;
  seal?: string | null;
}

/** A table whose rows hang on the secret: by envelopes, by a `seal`, or by both. Columns are named by their properties. */
export interface SecretTable {
  entity: new () => object;
  /** The id in whose order the rows are gone through, and to which envelopes are bound. */
  id: string;
  userId: string;
  /** The authenticator whose proofs the row verifies, besides that one's own row or in its place. */
  authenticatorId?: string;
  /** What is in envelopes. */
  encrypted: readonly string[];
  /** The types of factors whose rows are in no envelope, whatever they look like. */
  plainTypes?: () => readonly MfaType[];
  /** The type of factor that its rows are of, where these do not say it themselves. */
  type?: MfaType;
  /** What envelopes of a column are bound to besides. Default: to the type alone. */
  purposeOf?: (column: string) => string;
  seals: SealsOfTable | null;
  /** Whether a user misses the row for good: who loses a session or a trusted browser signs in once more. */
  isMissed: boolean;
  /** Whether its rows are set-ups, which are nobody's factor yet. */
  isSetup?: true;
}

export interface SealsOfTable {
  /** The seal of the row; null for a row that needs none. */
  make(keyRing: KeyRing, row: SecretRow): string | null;
  /** Whether the row's seal holds, or it needs none. */
  hold(keyRing: KeyRing, row: SecretRow): boolean;
}

export function sealsOf<T>(
  make: (keyRing: KeyRing, row: T) => string | null,
  hold: (keyRing: KeyRing, row: T) => boolean,
): SealsOfTable {
  return { make: (ring, row) => make(ring, row as T), hold: (ring, row) => hold(ring, row as T) };
}

/** A table of rows with an id of their own, encrypted and without seals: set-ups that wait for their first code. */
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

/** What a column of the row holds. */
export function valueOf(row: object, column: string): unknown {
  return (row as Record<string, unknown>)[column];
}

/** Whose row it is. */
export function userIdOfRow({ userId }: SecretTable, row: SecretRow): string {
  return String(valueOf(row, userId));
}

/** What of the row is in envelopes, by columns; also text that is in none, where it should be. */
export function encryptedOf({ encrypted, plainTypes }: SecretTable, row: SecretRow): [string, string][] {
  if (row.type !== undefined && plainTypes?.().includes(row.type)) return [];
  return encrypted
    .map((column) => [column, valueOf(row, column)] as const)
    .filter((pair): pair is [string, string] => typeof pair[1] === 'string');
}

/** What the envelope in that column of a row is bound to. */
export function envelopeContext(table: SecretTable, row: SecretRow, column: string): MfaEncryptionContext {
  const purpose = table.purposeOf?.(column) ?? row.type ?? table.type;
  if (purpose === undefined)
    throw new Error(`Nothing says of what factor the rows of ${table.entity.name} are`);
  return { purpose, userId: userIdOfRow(table, row), recordId: String(valueOf(row, table.id)) };
}
