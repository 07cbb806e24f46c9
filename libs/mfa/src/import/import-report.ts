import type { MfaImportProblem, MfaImportSkip } from './import-problem.js';

/** What became of an import. It names users and lines, and holds neither secrets nor codes. */
export interface MfaImportReport {
  /** Rows that were read. */
  read: number;
  /** Rows that were written, or in a dry run would be. */
  imported: number;
  skipped: { line: number; userId: string; reason: MfaImportSkip }[];
  rejected: { line: number; userId?: string; reason: MfaImportProblem }[];
}

/** How far an import is. */
export interface MfaImportProgress {
  read: number;
  imported: number;
  skipped: number;
  rejected: number;
}

/**
 * An import that could not go on: the database, the adapter or the file failed. What came before `line` is written; the same
 * import can be started again and skips it.
 */
export class MfaImportError extends Error {
  constructor(
    /** The row that it failed at; when reading failed, the one after the last that was read. */
    readonly line: number,
    /** What became of the rows before. */
    readonly report: MfaImportReport,
    { cause, dryRun }: { cause: unknown; dryRun: boolean },
  ) {
    super(
      dryRun
        ? `The dry run stopped at line ${line}. Nothing was written`
        : `The import stopped at line ${line}. What came before is done: start the same import again and it goes on from there`,
      { cause },
    );
    this.name = 'MfaImportError';
  }
}
