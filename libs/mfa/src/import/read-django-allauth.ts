import type { AllauthCodeFormat } from './allauth-recovery-codes.js';
import { allauthRecoveryCodes } from './allauth-recovery-codes.js';
import type { Fields } from './fields.js';
import { defined, findUserId, readDate, readText, readUserId } from './fields.js';
import { RowProblem, rowOr } from './import-problem.js';
import type { MfaImportRecord, MfaImportRow, ImportedRecoveryCode } from './import-record.js';
import type { MfaImportText } from './import-text.js';
import { chunksOf, isRejected, sourceRow } from './import-text.js';
import { isRecord, parse } from './json-line-rows.js';
import { normalizeSecret } from './secret-encoding.js';

/** The settings of django-allauth in the source system, where they differ from its defaults. */
export interface DjangoAllauthOptions {
  /** `MFA_TOTP_DIGITS`; default: 6. */
  digits?: number;
  /** `MFA_TOTP_PERIOD`; default: 30. */
  period?: number;
  /** `MFA_RECOVERY_CODE_COUNT`; default: 10. */
  recoveryCodeCount?: number;
  /** `MFA_RECOVERY_CODE_DIGITS`; default: 8. */
  recoveryCodeDigits?: number;
  /** What the adapter's `decrypt` did there. Default: nothing, as in django-allauth itself. */
  decrypt?: (text: string) => string | Promise<string>;
}

/**
 * Reads `manage.py dumpdata mfa.authenticator`, as JSON or JSON lines. Authenticator apps and recovery codes are
 * separate entries there and one record here, so the export is held in memory. `line` counts its entries.
 *
 * @throws {Error} when the export isn't a list of entries
 */
export async function* readDjangoAllauth(
  text: MfaImportText,
  options: DjangoAllauthOptions = {},
): AsyncGenerator<MfaImportRow> {
  const records = new Map<string, MfaImportRecord>();
  const broken = new Set<string>();
  for (const [index, entry] of (await entriesOf(text)).entries()) {
    const line = index + 1;
    const fields = fieldsOf(entry);
    if (!fields) continue;
    const row = await rowOr({ line, ...findUserId(fields['user']) }, () => recordOf(line, fields, options));
    if (isRejected(row)) {
      yield row;
      // All of a user or nothing: a partial import would be skipped once the export is fixed. Security keys are exempt,
      // since they can never be imported.
      if (row.userId !== undefined && row.rejected !== 'unsupported_type') broken.add(row.userId);
    } else {
      // A user's first entry provides the line.
      records.set(row.userId, { ...row, ...records.get(row.userId) });
    }
  }
  for (const record of records.values()) if (!broken.has(record.userId)) yield record;
}

async function entriesOf(text: MfaImportText): Promise<unknown[]> {
  let all = '';
  for await (const chunk of chunksOf(text)) all += chunk;
  const list: unknown = all.trimStart().startsWith('[')
    ? parse(all)
    : all
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map(parse);
  if (!Array.isArray(list)) throw new Error('This is not a dumpdata export, which is a list of entries');
  return list as unknown[];
}

/** The fields of an authenticator; null for entries of other models, which an export may contain as well. */
function fieldsOf(entry: unknown): Fields | null {
  if (!isRecord(entry)) return {};
  if (entry['model'] !== 'mfa.authenticator') return null;
  return isRecord(entry['fields']) ? sourceRow(0, Object.entries(entry['fields'])).fields : {};
}

async function recordOf(
  line: number,
  fields: Fields,
  options: DjangoAllauthOptions,
): Promise<MfaImportRecord> {
  const { data } = fields;
  if (!isRecord(data)) throw new RowProblem('unreadable_row');
  const userId = readUserId(fields['user']);
  const createdAt = readDate(fields, 'created_at');
  const lastUsedAt = readDate(fields, 'last_used_at');
  switch (readText(fields, 'type', 'unsupported_type')) {
    case 'totp': {
      const secret = normalizeSecret(await open(data['secret'], options));
      const { digits, period } = options;
      return { line, userId, totp: { secret, ...defined({ digits, period, createdAt, lastUsedAt }) } };
    }
    case 'recovery_codes':
      // It is unknown when each code was used; the last use of the set is the closest.
      return { line, userId, recoveryCodes: await codesOf(data, lastUsedAt ?? createdAt, options) };
    default:
      throw new RowProblem('unsupported_type');
  }
}

async function codesOf(
  data: Record<string, unknown>,
  usedAt: Date = new Date(0),
  options: DjangoAllauthOptions,
): Promise<ImportedRecoveryCode[]> {
  const { recoveryCodeCount: count = 10, recoveryCodeDigits: digits = 8 } = options;
  const migrated = data['migrated_codes'];
  // Codes from before django-allauth had seeds: used ones are removed from the list.
  if (Array.isArray(migrated)) {
    return Promise.all(migrated.map(async (code: unknown) => ({ code: await open(code, options) })));
  }
  const mask = data['used_mask'];
  if (!Number.isSafeInteger(mask)) throw new RowProblem('invalid_recovery_code');
  const format: AllauthCodeFormat = { count, digits };
  const codes = allauthRecoveryCodes(await open(data['seed'], options), format);
  // BigInt, because bitwise operations on numbers are limited to 32 bits.
  return codes.map((code, index) => {
    const isUsed = ((BigInt(mask as number) >> BigInt(index)) & 1n) === 1n;
    return isUsed ? { code, usedAt } : { code };
  });
}

async function open(value: unknown, { decrypt = (text) => text }: DjangoAllauthOptions): Promise<string> {
  if (typeof value !== 'string' || value === '') throw new RowProblem('unreadable_row');
  try {
    return await decrypt(value);
  } catch {
    throw new RowProblem('undecryptable');
  }
}
