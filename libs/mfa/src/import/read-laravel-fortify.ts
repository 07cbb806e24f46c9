import type { Fields } from './fields.js';
import { defined, findUserId, readDate, readRecoveryCodes, readText, readUserId } from './fields.js';
import { RowProblem, rowOr } from './import-problem.js';
import type { MfaImportRecord, MfaImportRow, ImportedRecoveryCode } from './import-record.js';
import type { MfaSourceRow, MfaSourceRows } from './import-text.js';
import { isRejected } from './import-text.js';
import { parse } from './json-line-rows.js';
import type { LaravelCipher } from './laravel-crypt.js';
import { laravelDecrypt, laravelKey } from './laravel-crypt.js';
import { normalizeSecret } from './secret-encoding.js';

/** How Laravel was configured in the source system. */
export interface LaravelFortifyOptions {
  /** `APP_KEY`, followed by those in `APP_PREVIOUS_KEYS`, if any. */
  appKey: string | readonly string[];
  /** The mode of `cipher` in config/app.php. Default: `cbc`, as in Laravel. */
  cipher?: LaravelCipher;
  /**
   * Whether to reject rows without `two_factor_confirmed_at`. Default: true. Set it to false if the application's
   * two-factor feature has `confirm` turned off, since it then never fills that column.
   */
  confirmedOnly?: boolean;
}

/**
 * Reads rows of the table `users`: `id`, `two_factor_secret`, `two_factor_recovery_codes`, `two_factor_confirmed_at`.
 */
export async function* readLaravelFortify(
  rows: MfaSourceRows,
  options: LaravelFortifyOptions,
): AsyncGenerator<MfaImportRow> {
  const keys = [options.appKey].flat().map(laravelKey);
  for await (const row of rows) {
    if (isRejected(row)) yield row;
    else {
      const place = { line: row.line, ...findUserId(row.fields['id']) };
      yield await rowOr(place, () => recordOf(row, keys, options));
    }
  }
}

function recordOf(
  { line, fields }: MfaSourceRow,
  keys: readonly Buffer[],
  { cipher = 'cbc', confirmedOnly = true }: LaravelFortifyOptions,
): MfaImportRecord {
  const userId = readUserId(fields['id']);
  const sealed = readText(fields, 'two_factor_secret', 'invalid_secret');
  if (sealed === undefined) throw new RowProblem('no_factor');
  const createdAt = readDate(fields, 'two_factor_confirmed_at');
  if (confirmedOnly && !createdAt) throw new RowProblem('unconfirmed');
  const secret = normalizeSecret(laravelDecrypt(sealed, keys, cipher));
  const recoveryCodes = codesOf(fields, keys, cipher);
  return {
    line,
    userId,
    totp: { secret, ...defined({ createdAt }) },
    ...(recoveryCodes ? { recoveryCodes } : {}),
  };
}

/** All of them are unused: Fortify replaces a used code with a new one. */
function codesOf(
  fields: Fields,
  keys: readonly Buffer[],
  cipher: LaravelCipher,
): ImportedRecoveryCode[] | undefined {
  const sealed = readText(fields, 'two_factor_recovery_codes', 'invalid_recovery_code');
  if (sealed === undefined) return undefined;
  return readRecoveryCodes({ codes: parse(laravelDecrypt(sealed, keys, cipher)) }, 'codes');
}
