import { csvRows } from './csv-rows.js';
import {
  defined,
  findUserId,
  readAlgorithm,
  readDate,
  readInteger,
  readRecoveryCodes,
  readText,
  readUserId,
} from './fields.js';
import { RowProblem, rowOr } from './import-problem.js';
import type { MfaImportRecord, MfaImportRow } from './import-record.js';
import type { MfaImportText, MfaSourceRow, MfaSourceRows } from './import-text.js';
import { isRejected } from './import-text.js';
import { jsonLineRows } from './json-line-rows.js';
import type { SecretEncoding } from './secret-encoding.js';
import { normalizeSecret } from './secret-encoding.js';

const COLUMNS = new Set([
  'userId',
  'secret',
  'encoding',
  'algorithm',
  'digits',
  'period',
  'name',
  'createdAt',
  'lastUsedAt',
  'recoveryCodes',
]);
const ENCODINGS: readonly string[] = ['base32', 'hex', 'ascii', 'base64'] satisfies SecretEncoding[];

/** Reads a CSV file with the columns of the plain format; only `userId` is required. */
export function readCsv(text: MfaImportText): AsyncGenerator<MfaImportRow> {
  return readPlain(csvRows(text));
}

/** Reads a file with one object of the plain format per line. */
export function readJsonLines(text: MfaImportText): AsyncGenerator<MfaImportRow> {
  return readPlain(jsonLineRows(text));
}

async function* readPlain(rows: MfaSourceRows): AsyncGenerator<MfaImportRow> {
  for await (const row of rows) {
    if (isRejected(row)) yield row;
    else yield await rowOr({ line: row.line, ...findUserId(row.fields['userId']) }, () => recordOf(row));
  }
}

function recordOf({ line, fields }: MfaSourceRow): MfaImportRecord {
  if (!Object.keys(fields).every((column) => COLUMNS.has(column))) throw new RowProblem('unknown_column');
  const userId = readUserId(fields['userId']);
  const encoding = readText(fields, 'encoding', 'invalid_secret')?.toLowerCase() ?? 'base32';
  if (!ENCODINGS.includes(encoding)) throw new RowProblem('invalid_secret');
  const secret = readText(fields, 'secret', 'invalid_secret');
  const recoveryCodes = readRecoveryCodes(fields, 'recoveryCodes');
  const totp =
    secret === undefined
      ? undefined
      : {
          secret: normalizeSecret(secret, encoding as SecretEncoding),
          ...defined({
            algorithm: readAlgorithm(fields, 'algorithm'),
            digits: readInteger(fields, 'digits', 'invalid_digits'),
            period: readInteger(fields, 'period', 'invalid_period'),
            name: readText(fields, 'name', 'invalid_name'),
            createdAt: readDate(fields, 'createdAt'),
            lastUsedAt: readDate(fields, 'lastUsedAt'),
          }),
        };
  return { line, userId, ...defined({ totp, recoveryCodes }) };
}
