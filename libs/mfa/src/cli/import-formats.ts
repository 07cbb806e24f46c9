import { createReadStream } from 'node:fs';
import { extname } from 'node:path';

import { csvRows } from '../import/csv-rows.js';
import { defined } from '../import/fields.js';
import type { MfaImportRows } from '../import/import-record.js';
import type { MfaSourceRows } from '../import/import-text.js';
import { jsonLineRows } from '../import/json-line-rows.js';
import type { LaravelCipher } from '../import/laravel-crypt.js';
import { readBetterAuth } from '../import/read-better-auth.js';
import { readByHand } from '../import/read-by-hand.js';
import { readDjangoAllauth } from '../import/read-django-allauth.js';
import { readLaravelFortify } from '../import/read-laravel-fortify.js';
import { readCsv, readJsonLines } from '../import/read-plain.js';
import type { SecretEncoding } from '../import/secret-encoding.js';
import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import { betterAuthSecrets, importKeys, laravelKeys } from './import-keys.js';

/** The command's options that describe the other system. */
export interface FormatOptions {
  rows?: 'csv' | 'jsonl';
  keys?: string;
  digits?: number;
  period?: number;
  algorithm?: TotpAlgorithm;
  recoveryCodeCount?: number;
  recoveryCodeDigits?: number;
  cipher?: LaravelCipher;
  unconfirmed?: boolean;
  decrypted?: boolean;
  userColumn?: string;
  secretColumn?: string;
  codesColumn?: string;
  encoding?: SecretEncoding;
}

interface ImportFormat {
  /** The options that this format accepts. */
  options: readonly (keyof FormatOptions)[];
  /** Returns a function that reads the file from the beginning each time it is called. */
  prepare: (file: string, options: FormatOptions) => () => MfaImportRows;
}

const FORMATS: Record<string, ImportFormat> = {
  'django-allauth': {
    options: ['digits', 'period', 'recoveryCodeCount', 'recoveryCodeDigits'],
    prepare: (file, { digits, period, recoveryCodeCount, recoveryCodeDigits }) => {
      const options = defined({ digits, period, recoveryCodeCount, recoveryCodeDigits });
      return () => readDjangoAllauth(createReadStream(file), options);
    },
  },
  'better-auth': {
    options: ['rows', 'keys', 'decrypted', 'digits', 'period'],
    prepare: (file, { rows, keys, decrypted = false, digits, period }) => {
      const open = tableOf(file, rows);
      const secrets = decrypted ? {} : betterAuthSecrets(importKeys(keys));
      return () => readBetterAuth(open(), { ...secrets, ...defined({ digits, period }) });
    },
  },
  'laravel-fortify': {
    options: ['rows', 'keys', 'cipher', 'unconfirmed'],
    prepare: (file, { rows, keys, cipher, unconfirmed = false }) => {
      const open = tableOf(file, rows);
      const appKey = laravelKeys(importKeys(keys));
      return () =>
        readLaravelFortify(open(), { appKey, confirmedOnly: !unconfirmed, ...defined({ cipher }) });
    },
  },
  'by-hand': {
    options: [
      'rows',
      'userColumn',
      'secretColumn',
      'codesColumn',
      'encoding',
      'algorithm',
      'digits',
      'period',
    ],
    prepare: (file, { rows, userColumn, secretColumn, codesColumn, ...rest }) => {
      if (userColumn === undefined || secretColumn === undefined) {
        throw new Error('--format by-hand needs --user-column and --secret-column');
      }
      const open = tableOf(file, rows);
      const { encoding, algorithm, digits, period } = rest;
      const columns = {
        userId: userColumn,
        secret: secretColumn,
        ...defined({ recoveryCodes: codesColumn }),
      };
      return () => readByHand(open(), { columns, ...defined({ encoding, algorithm, digits, period }) });
    },
  },
  csv: { options: [], prepare: (file) => () => readCsv(createReadStream(file)) },
  jsonl: { options: [], prepare: (file) => () => readJsonLines(createReadStream(file)) },
};

export const FORMAT_NAMES = Object.keys(FORMATS);

/**
 * Returns a function that reads the file from the beginning each time it is called.
 *
 * @throws {Error} when an option or a key is missing, or an option doesn't apply to this format
 */
export function prepareImport(file: string, format: string, options: FormatOptions): () => MfaImportRows {
  const { options: own, prepare } = FORMATS[format] as ImportFormat;
  const strange = Object.keys(options).filter((name) => !own.includes(name as keyof FormatOptions));
  if (strange.length > 0) throw new Error(`--format ${format} does not take ${strange.map(flag).join(', ')}`);
  return prepare(file, options);
}

/** Reads the rows of an exported table. The file's extension decides unless the kind is given. */
function tableOf(file: string, kind?: FormatOptions['rows']): () => MfaSourceRows {
  const extension = extname(file).toLowerCase();
  if (kind === 'csv' || (!kind && extension === '.csv')) return () => csvRows(createReadStream(file));
  if (kind === 'jsonl' || ['.jsonl', '.ndjson'].includes(extension)) {
    return () => jsonLineRows(createReadStream(file));
  }
  throw new Error('The file name ends in neither .csv nor .jsonl: use --rows to say which it is');
}

/** The flag for a camel-case option name, such as `userColumn`. */
function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
