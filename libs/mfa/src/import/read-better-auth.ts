import { createHash } from 'node:crypto';

import { xchacha20poly1305 } from '@noble/ciphers/chacha';

import type { Fields } from './fields.js';
import { defined, findUserId, readRecoveryCodes, readText, readUserId } from './fields.js';
import { RowProblem, rowOr } from './import-problem.js';
import type { MfaImportRecord, MfaImportRow, ImportedRecoveryCode } from './import-record.js';
import type { MfaSourceRow, MfaSourceRows } from './import-text.js';
import { isRejected } from './import-text.js';
import { parse } from './json-line-rows.js';
import { secretOfBytes } from './secret-encoding.js';

/** How better-auth was configured in the source system. */
export interface BetterAuthOptions {
  /** `BETTER_AUTH_SECRET`. Without it and `secrets`, the rows must already be decrypted. */
  secret?: string;
  /** Its secrets by version, if they are versioned (`BETTER_AUTH_SECRETS`). */
  secrets?: Readonly<Record<number, string>>;
  /** `totpOptions.digits`; default: 6. */
  digits?: number;
  /** `totpOptions.period`; default: 30. */
  period?: number;
}

/** Reads rows of better-auth's table `twoFactor`: `userId`, `secret`, `backupCodes`. */
export async function* readBetterAuth(
  rows: MfaSourceRows,
  options: BetterAuthOptions,
): AsyncGenerator<MfaImportRow> {
  for await (const row of rows) {
    if (isRejected(row)) yield row;
    else {
      const place = { line: row.line, ...findUserId(row.fields['userId']) };
      yield await rowOr(place, () => recordOf(row, options));
    }
  }
}

function recordOf({ line, fields }: MfaSourceRow, options: BetterAuthOptions): MfaImportRecord {
  const userId = readUserId(fields['userId']);
  // The row exists from the start of setup. Newer versions record the confirmation in it, and all versions in the users
  // table.
  if ([fields['verified'], fields['twoFactorEnabled']].some(isFalse)) throw new RowProblem('unconfirmed');
  const sealed = readText(fields, 'secret', 'invalid_secret');
  if (sealed === undefined) throw new RowProblem('no_factor');
  // The text itself is the key; the QR code has it base32-encoded.
  const secret = secretOfBytes(Buffer.from(open(sealed, options), 'utf8'));
  const recoveryCodes = codesOf(fields, options);
  const { digits, period } = options;
  return {
    line,
    userId,
    totp: { secret, ...defined({ digits, period }) },
    ...(recoveryCodes ? { recoveryCodes } : {}),
  };
}

/** As written in JSON, CSV and the various databases. Some objects can't be converted to a string. */
function isFalse(value: unknown): boolean {
  if (typeof value === 'string') return /^(?:false|f|0)$/i.test(value);
  return value === false || value === 0;
}

/** The remaining codes: used ones are removed from the list. */
function codesOf(fields: Fields, options: BetterAuthOptions): ImportedRecoveryCode[] | undefined {
  const text = readText(fields, 'backupCodes', 'invalid_recovery_code');
  if (text === undefined) return undefined;
  // With `storeBackupCodes: 'plain'`, the list isn't encrypted.
  const json = text.trimStart().startsWith('[') ? text : open(text, options);
  return readRecoveryCodes({ codes: parse(json) }, 'codes');
}

const NONCE_BYTES = 24;

const VERSIONED = /^\$ba\$(\d{1,9})\$/;

function open(text: string, { secret, secrets }: BetterAuthOptions): string {
  if (secret === undefined && secrets === undefined) return text;
  const version = VERSIONED.exec(text)?.[1];
  const own = version === undefined ? secret : secrets?.[Number(version)];
  const sealed = text.replace(VERSIONED, '');
  if (own === undefined || !/^(?:[0-9a-f]{2})+$/i.test(sealed)) throw new RowProblem('undecryptable');
  try {
    const key = createHash('sha256').update(own).digest();
    const bytes = Buffer.from(sealed, 'hex');
    // draft-irtf-cfrg-xchacha-03: the nonce comes first, the tag last.
    const cipher = xchacha20poly1305(key, bytes.subarray(0, NONCE_BYTES));
    return Buffer.from(cipher.decrypt(bytes.subarray(NONCE_BYTES))).toString('utf8');
  } catch {
    throw new RowProblem('undecryptable');
  }
}
