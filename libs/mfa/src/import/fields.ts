import { userIdOf } from '../core/users/mfa-user.js';
import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import { RowProblem } from './import-problem.js';
import type { MfaImportProblem } from './import-problem.js';
import type { ImportedRecoveryCode } from './import-record.js';
import type { MfaSourceRow } from './import-text.js';
import { isRecord } from './json-line-rows.js';

export type Fields = MfaSourceRow['fields'];

/** Reads a user id: a string, a number, or an ObjectId as written by `mongoexport`. */
export function readUserId(value: unknown): string {
  const id = isRecord(value) ? value['$oid'] : value;
  try {
    if (typeof id === 'number' && !Number.isSafeInteger(id)) throw new RowProblem('invalid_user_id');
    return userIdOf({ id: id as string | number });
  } catch {
    throw new RowProblem('invalid_user_id');
  }
}

/** The same, or nothing if it can't be read: identifies the user of a rejected row. */
export function findUserId(value: unknown): { userId?: string } {
  try {
    return { userId: readUserId(value) };
  } catch {
    return {};
  }
}

/** Reads a string; undefined if the row has none. */
export function readText(fields: Fields, column: string, problem: MfaImportProblem): string | undefined {
  const value = fields[column];
  if (value !== undefined && typeof value !== 'string') throw new RowProblem(problem);
  return value;
}

/** Reads an integer, which may be given as a string. */
export function readInteger(fields: Fields, column: string, problem: MfaImportProblem): number | undefined {
  const value = fields[column];
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (!Number.isInteger(number)) throw new RowProblem(problem);
  return number as number;
}

/** Reads an algorithm: `SHA1`, `sha-256`, `HmacSHA512`, … */
export function readAlgorithm(fields: Fields, column: string): TotpAlgorithm | undefined {
  const text = readText(fields, column, 'invalid_algorithm');
  if (text === undefined) return undefined;
  const name = text.toLowerCase().replace(/^hmac/, '').replace(/[-_]/g, '');
  if (name !== 'sha1' && name !== 'sha256' && name !== 'sha512') throw new RowProblem('invalid_algorithm');
  return name;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * Reads a date in ISO 8601 or the format databases write. Without a time zone it is UTC, which is what frameworks
 * store; this machine's time zone is irrelevant.
 */
export function readDate(fields: Fields, column: string): Date | undefined {
  const text = readText(fields, column, 'invalid_date');
  if (text === undefined) return undefined;
  const [, day, time = '00:00', zone = 'Z'] = DATE.exec(text) ?? [];
  const offset = zone.length === 3 ? `${zone}:00` : zone;
  const date = new Date(`${day}T${time}${offset}`);
  if (Number.isNaN(date.getTime())) throw new RowProblem('invalid_date');
  return date;
}

/** Reads codes: a string in which spaces or semicolons separate them, or an array of codes or `{ code, usedAt? }`. */
export function readRecoveryCodes(fields: Fields, column: string): ImportedRecoveryCode[] | undefined {
  const value = fields[column];
  if (value === undefined) return undefined;
  const list: unknown = typeof value === 'string' ? value.split(/[\s;]+/).filter(Boolean) : value;
  if (!Array.isArray(list)) throw new RowProblem('invalid_recovery_code');
  return list.map((item: unknown) => {
    if (typeof item === 'string') return { code: item };
    if (!isRecord(item) || typeof item['code'] !== 'string') throw new RowProblem('invalid_recovery_code');
    const usedAt = item['usedAt'] === null ? undefined : readDate(item, 'usedAt');
    return { code: item['code'], ...(usedAt ? { usedAt } : {}) };
  });
}

/** Drops undefined values, so that defaults apply. */
export function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
