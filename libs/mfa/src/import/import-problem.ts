import type { MfaRejectedRow } from './import-record.js';

/** Why a row is not imported. Codes and never texts of the row, because a report must hold no secret. */
export type MfaImportProblem =
  /** Not JSON, not CSV, not UTF-8, over a MiB, or not as many cells as there are columns. */
  | 'unreadable_row'
  /** A column that the plain format does not have: a misspelt one would be lost in silence. */
  | 'unknown_column'
  | 'invalid_user_id'
  /** The adapter's `findUser` does not know the user. */
  | 'unknown_user'
  /** Neither a secret nor a recovery code. */
  | 'no_factor'
  | 'invalid_secret'
  /** Less than 80 bits. */
  | 'short_secret'
  /** More than 64 bytes. */
  | 'long_secret'
  | 'invalid_algorithm'
  | 'invalid_digits'
  | 'invalid_period'
  | 'invalid_name'
  /** No date, or one that has not come yet. */
  | 'invalid_date'
  /** A code that nobody could type here: it needs 8 to 40 letters and digits, in groups or not. */
  | 'invalid_recovery_code'
  | 'too_many_recovery_codes'
  /** A wrong key, or a damaged value. */
  | 'undecryptable'
  /** The user never entered a first code, so nobody knows whether the app has the secret. */
  | 'unconfirmed'
  /** Recovery codes of a user who has no second factor. */
  | 'codes_alone'
  /** A kind of factor that can't be moved, such as a security key. */
  | 'unsupported_type'
  /** A kind of factor that the option `supportedTypes` does not name. */
  | 'type_not_offered';

/** Why a row that is right is not imported: the user has this already. */
export type MfaImportSkip = 'has_authenticator_app' | 'has_recovery_codes';

/** Ends the reading or checking of one row, and of no other. */
export class RowProblem extends Error {
  constructor(readonly reason: MfaImportProblem) {
    super(reason);
  }
}

/** What `make` returns, or the rejection of that row; errors of another kind go on. */
export async function rowOr<T>(
  place: Omit<MfaRejectedRow, 'rejected'>,
  make: () => T | Promise<T>,
): Promise<T | MfaRejectedRow> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof RowProblem) return { ...place, rejected: error.reason };
    throw error;
  }
}
