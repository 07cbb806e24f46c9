import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';

/** What decides about a row of any of the tables. */
export interface SecretRow {
  id?: string;
  authenticatorId?: string;
  userId: string;
  /** Of the factor; none in tables of one. */
  type?: string;
  data?: string;
  lastStep?: number | null;
  seal?: string | null;
}

/** A table whose rows hang on the secret: by an envelope in `data`, by a `seal`, or by both. */
export interface SecretTable {
  entity: new () => SecretRow;
  /** The property of the id in whose order the rows are gone through, and its column. */
  id: { property: 'id' | 'authenticatorId'; column: string };
  isEncrypted: boolean;
  /** The type of factor that its rows are of, where these do not say it themselves. */
  type?: MfaType;
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

export const ID = { property: 'id', column: 'id' } as const;

/** A table of rows with an id of their own, encrypted and without seals: set-ups that wait for their first code. */
export function encryptedSetups(entity: new () => SecretRow, type?: MfaType): SecretTable {
  return {
    entity,
    id: ID,
    isEncrypted: true,
    ...(type ? { type } : {}),
    seals: null,
    isMissed: true,
    isSetup: true,
  };
}

/** What the envelope of a row is bound to. */
export function envelopeContext(table: SecretTable, { id, userId, type }: SecretRow): MfaEncryptionContext {
  const purpose = type ?? table.type;
  if (purpose === undefined)
    throw new Error(`Nothing says of what factor the rows of ${table.entity.name} are`);
  return { purpose, userId, recordId: id as string };
}
