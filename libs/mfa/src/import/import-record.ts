import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import type { MfaImportProblem } from './import-problem.js';

/** An authenticator app from another system. */
export interface ImportedTotp {
  /** Base32, as in the QR code. Case, spaces, dashes and padding are ignored. */
  secret: string;
  /** Default: `sha1`. */
  algorithm?: TotpAlgorithm;
  /** 6 to 8; default: 6. */
  digits?: number;
  /** Seconds, 1 to 120; default: 30. */
  period?: number;
  /** The user's name for it. Default: the adapter names it. */
  name?: string;
  /** Default: the time of the import. */
  createdAt?: Date | null;
  lastUsedAt?: Date | null;
}

/** A recovery code from another system. */
export interface ImportedRecoveryCode {
  /** As printed for the user. */
  code: string;
  /** When it was used; an unused code stays valid. */
  usedAt?: Date | null;
}

/** What is imported for one user, all or nothing. */
export interface MfaImportRecord {
  /** Its line in the file, for the report. Default: its position among the records. */
  line?: number;
  userId: string;
  totp?: ImportedTotp;
  recoveryCodes?: readonly ImportedRecoveryCode[];
}

/** A row that a reader couldn't interpret. It only appears in the report. */
export interface MfaRejectedRow {
  line?: number;
  userId?: string;
  rejected: MfaImportProblem;
}

/** What a reader returns for one row. */
export type MfaImportRow = MfaImportRecord | MfaRejectedRow;

/** The rows of a file, read as the import proceeds. */
export type MfaImportRows = AsyncIterable<MfaImportRow> | Iterable<MfaImportRow>;
