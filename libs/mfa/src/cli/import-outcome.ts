import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

import type { MfaImportReport } from '../import/import-report.js';

/** So many rows are shown; a second run of an import may skip a million. */
const SHOWN = 20;

type Row = MfaImportReport['skipped'][number] | MfaImportReport['rejected'][number];

/** The report in words: line, user and reason of what was not imported. */
export function describeReport(report: MfaImportReport, isDryRun: boolean): string[] {
  const { read, imported, skipped, rejected } = report;
  const done = isDryRun ? 'would be imported' : 'imported';
  return [
    ...describeRows('rejected', rejected),
    ...describeRows('skipped', skipped),
    `${read} rows read: ${imported} ${done}, ${skipped.length} skipped, ${rejected.length} rejected`,
  ];
}

function describeRows(outcome: string, rows: readonly Row[]): string[] {
  const lines = rows.slice(0, SHOWN).map(({ line, userId, reason }) => {
    // As JSON, so that an id with control characters does nothing to the terminal.
    const user = userId === undefined ? '' : `, user ${JSON.stringify(userId)}`;
    return `${outcome}: line ${line}${user}: ${reason}`;
  });
  const more = rows.length - lines.length;
  return more > 0 ? [...lines, `${outcome}: ${more} more; --report <file> has them all`] : lines;
}

/** A file for the report, one JSON object a line. It is opened before the import, which would else end without its report. */
export class ReportFile {
  private constructor(private readonly handle: FileHandle) {}

  /** @throws {Error} when the file can't be written */
  static async create(path: string): Promise<ReportFile> {
    // It names users, so it is its owner's.
    return new ReportFile(await open(path, 'w', 0o600));
  }

  async write({ rejected, skipped }: MfaImportReport): Promise<void> {
    for (const row of rejected) await this.handle.write(lineOf('rejected', row));
    for (const row of skipped) await this.handle.write(lineOf('skipped', row));
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function lineOf(outcome: string, { line, userId, reason }: Row): string {
  return `${JSON.stringify({ outcome, line, userId, reason })}\n`;
}
