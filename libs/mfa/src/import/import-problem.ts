import type { MfaRejectedRow } from './import-record.js';

/** Why a row was rejected. Always a code, never text of the row, because the report must not contain secrets. */
export type MfaImportProblem =
  /** Not valid JSON, CSV or UTF-8, longer than 1 MiB, or with a different number of cells than columns. */
  | 'unreadable_row'
  /** A column that the plain format doesn't have: a misspelled one would be ignored silently. */
  | 'unknown_column'
  | 'invalid_user_id'
  /** The adapter's `findUser` doesn't know the user. */
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
  /** Not a date, or one in the future. */
  | 'invalid_date'
  /** A code that can't be entered here: it needs 8 to 40 letters and digits, optionally in groups. */
  | 'invalid_recovery_code'
  | 'too_many_recovery_codes'
  /** A wrong key or a damaged value. */
  | 'undecryptable'
  /** The user never entered a first code, so it is unknown whether their app has the secret. */
  | 'unconfirmed'
  /** Recovery codes of a user without a second factor. */
  | 'codes_alone'
  /** A type of factor that can't be transferred, such as a security key. */
  | 'unsupported_type'
  /** A type of factor that isn't in the option `supportedTypes`. */
  | 'type_not_offered';

/** Why a valid row was not imported: the user already has this. */
export type MfaImportSkip = 'has_authenticator_app' | 'has_recovery_codes';

/** Stops reading or checking this row only. */
export class RowProblem extends Error {
  constructor(readonly reason: MfaImportProblem) {
    super(reason);
  }
}

/** Returns what `make` returns, or that row's rejection. Other errors are rethrown. */
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
