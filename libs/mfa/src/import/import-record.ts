import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import type { MfaImportProblem } from './import-problem.js';

/** An authenticator app as another system keeps it. */
export interface ImportedTotp {
  /** Base32, as it was in the QR code. Case, spaces, dashes and padding do not matter. */
  secret: string;
  /** Default: `sha1`. */
  algorithm?: TotpAlgorithm;
  /** 6 to 8; default: 6. */
  digits?: number;
  /** Seconds, 1 to 120; default: 30. */
  period?: number;
  /** How the user calls it; default: as the adapter says. */
  name?: string;
  /** Default: when it is imported. */
  createdAt?: Date | null;
  lastUsedAt?: Date | null;
}

/** A recovery code as another system keeps it. */
export interface ImportedRecoveryCode {
  /** As the user has it printed. */
  code: string;
  /** When it was used; without one it is still good. */
  usedAt?: Date | null;
}

/** What is imported for one user, all or nothing. */
export interface MfaImportRecord {
  /** Where it stands in the file, for the report; default: its number among the records. */
  line?: number;
  userId: string;
  totp?: ImportedTotp;
  recoveryCodes?: readonly ImportedRecoveryCode[];
}

/** A row that a reader could make nothing of. It only gets into the report. */
export interface MfaRejectedRow {
  line?: number;
  userId?: string;
  rejected: MfaImportProblem;
}

/** What a reader makes of one row. */
export type MfaImportRow = MfaImportRecord | MfaRejectedRow;

/** The rows of a file, read while they are imported. */
export type MfaImportRows = AsyncIterable<MfaImportRow> | Iterable<MfaImportRow>;
