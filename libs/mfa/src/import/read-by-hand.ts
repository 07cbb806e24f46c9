import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import { defined, findUserId, readRecoveryCodes, readUserId } from './fields.js';
import { RowProblem, rowOr } from './import-problem.js';
import type { MfaImportRecord, MfaImportRow } from './import-record.js';
import type { MfaSourceRow, MfaSourceRows } from './import-text.js';
import { isRejected } from './import-text.js';
import { isRecord } from './json-line-rows.js';
import type { SecretEncoding } from './secret-encoding.js';
import { normalizeSecret } from './secret-encoding.js';

/** How an application that calls speakeasy or otplib itself keeps its users' secrets. */
export interface ByHandOptions {
  /** The names of the columns; `recoveryCodes` only where there are any. */
  columns: { userId: string; secret: string; recoveryCodes?: string };
  /** What `encoding` was given to the library's `verify`; default: base32. An object as speakeasy makes it says it itself. */
  encoding?: SecretEncoding;
  algorithm?: TotpAlgorithm;
  digits?: number;
  /** Seconds: speakeasy and otplib call it `step`. */
  period?: number;
}

/** Reads rows of an application's own table or collection, of which only the named columns are looked at. */
export async function* readByHand(rows: MfaSourceRows, options: ByHandOptions): AsyncGenerator<MfaImportRow> {
  for await (const row of rows) {
    if (isRejected(row)) yield row;
    else {
      const place = { line: row.line, ...findUserId(row.fields[options.columns.userId]) };
      yield await rowOr(place, () => recordOf(row, options));
    }
  }
}

function recordOf(
  { line, fields }: MfaSourceRow,
  { columns, encoding = 'base32', algorithm, digits, period }: ByHandOptions,
): MfaImportRecord {
  const userId = readUserId(fields[columns.userId]);
  const secret = readSecret(fields[columns.secret], encoding);
  const recoveryCodes = columns.recoveryCodes && readRecoveryCodes(fields, columns.recoveryCodes);
  return {
    line,
    userId,
    totp: { secret, ...defined({ algorithm, digits, period }) },
    ...(recoveryCodes ? { recoveryCodes } : {}),
  };
}

/** Text, or what speakeasy's `generateSecret` returns: the same secret in several encodings. */
function readSecret(value: unknown, encoding: SecretEncoding): string {
  if (typeof value === 'string') return normalizeSecret(value, encoding);
  if (value === undefined) throw new RowProblem('no_factor');
  if (isRecord(value)) {
    for (const own of ['base32', 'hex', 'ascii'] as const) {
      const text = value[own];
      if (typeof text === 'string' && text !== '') return normalizeSecret(text, own);
    }
  }
  throw new RowProblem('invalid_secret');
}
