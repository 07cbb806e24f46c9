import { userIdOf } from '../core/users/mfa-user.js';
import { CODE_INPUT_PATTERN, normalizeCode } from '../engine/factors/typed-code.js';
import { canonicalRecoveryCode, looksLikeRecoveryCode } from '../factors/recovery-codes/recovery-code.js';
import type { TotpParameters } from '../factors/totp/totp.factor.js';
import { RowProblem } from './import-problem.js';
import type { MfaImportProblem } from './import-problem.js';
import type { MfaImportRecord, ImportedRecoveryCode, ImportedTotp } from './import-record.js';
import { normalizeSecret } from './secret-encoding.js';

/** A validated record, ready to be written. */
export interface CheckedRecord {
  userId: string;
  totp: CheckedTotp | null;
  /** Without duplicates; empty if there are none. */
  codes: readonly { code: string; usedAt: Date | null }[];
}

export interface CheckedTotp {
  parameters: TotpParameters;
  /** If null, the adapter names it. */
  name: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
}

const MAX_CODES = 100;
/** No control characters and no lone surrogates, as for names that users enter. */
const NAME = /^[^\p{Cc}\p{Surrogate}]{1,100}$/u;

/**
 * Validates everything about a record that needs no database.
 *
 * @throws {RowProblem} for the first problem found
 */
export function checkRecord(record: MfaImportRecord, now: Date): CheckedRecord {
  const { totp, recoveryCodes = [] } = record;
  if (!totp && recoveryCodes.length === 0) throw new RowProblem('no_factor');
  return {
    userId: checkUserId(record.userId),
    totp: totp ? checkTotp(totp, now) : null,
    codes: checkCodes(recoveryCodes, now),
  };
}

function checkUserId(id: string): string {
  try {
    return userIdOf({ id });
  } catch {
    throw new RowProblem('invalid_user_id');
  }
}

function checkTotp(totp: ImportedTotp, now: Date): CheckedTotp {
  const { secret, algorithm = 'sha1', digits = 6, period = 30 } = totp;
  if (!['sha1', 'sha256', 'sha512'].includes(algorithm)) throw new RowProblem('invalid_algorithm');
  assertInteger(digits, 6, 8, 'invalid_digits');
  assertInteger(period, 1, 120, 'invalid_period');
  const name = totp.name?.trim();
  if (name !== undefined && !NAME.test(name)) throw new RowProblem('invalid_name');
  return {
    parameters: { secret: normalizeSecret(secret), algorithm, digits, period },
    name: name ?? null,
    createdAt: checkDate(totp.createdAt, now) ?? now,
    lastUsedAt: checkDate(totp.lastUsedAt, now),
  };
}

/**
 * Merges codes that count as the same here, since case and look-alike characters don't matter. A merged code is used if
 * any of them was.
 */
function checkCodes(codes: readonly ImportedRecoveryCode[], now: Date): CheckedRecord['codes'] {
  if (codes.length > MAX_CODES) throw new RowProblem('too_many_recovery_codes');
  const different = new Map<string, { code: string; usedAt: Date | null }>();
  for (const { code, usedAt } of codes) {
    if (!CODE_INPUT_PATTERN.test(code) || !looksLikeRecoveryCode(normalizeCode(code))) {
      throw new RowProblem('invalid_recovery_code');
    }
    const canonical = canonicalRecoveryCode(code);
    const used = checkDate(usedAt, now) ?? different.get(canonical)?.usedAt ?? null;
    different.set(canonical, { code, usedAt: used });
  }
  return [...different.values()];
}

/** A last use in the future would cause every code to be refused until then. */
function checkDate(date: Date | null | undefined, now: Date): Date | null {
  if (!date) return null;
  if (!(date.getTime() <= now.getTime())) throw new RowProblem('invalid_date');
  return date;
}

function assertInteger(value: number, from: number, to: number, problem: MfaImportProblem): void {
  if (!Number.isInteger(value) || value < from || value > to) throw new RowProblem(problem);
}
