import type { MfaImportProblem, MfaImportSkip } from './import-problem.js';

/** The outcome of an import. It contains user ids and line numbers, but neither secrets nor codes. */
export interface MfaImportReport {
  /** Rows that were read. */
  read: number;
  /** Rows that were written or, in a dry run, would have been. */
  imported: number;
  skipped: { line: number; userId: string; reason: MfaImportSkip }[];
  rejected: { line: number; userId?: string; reason: MfaImportProblem }[];
}

/** The progress of an import. */
export interface MfaImportProgress {
  read: number;
  imported: number;
  skipped: number;
  rejected: number;
}

/**
 * An import that had to stop: the database, the adapter or the file failed. Rows before `line` are written; running the
 * same import again skips them.
 */
export class MfaImportError extends Error {
  constructor(
    /** The row at which it failed; if reading failed, the one after the last row read. */
    readonly line: number,
    /** The outcome of the rows before it. */
    readonly report: MfaImportReport,
    { cause, dryRun }: { cause: unknown; dryRun: boolean },
  ) {
    super(
      dryRun
        ? `The dry run stopped at line ${line}. Nothing was written`
        : `The import stopped at line ${line}. The lines before it are done: run the same import again to continue from there`,
      { cause },
    );
    this.name = 'MfaImportError';
  }
}
