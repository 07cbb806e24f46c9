import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

import type { MfaImportReport } from '../import/import-report.js';

/** The maximum number of rows to print; a second run of an import may skip a million. */
const SHOWN = 20;

type Row = MfaImportReport['skipped'][number] | MfaImportReport['rejected'][number];

/** The report as text: line, user and reason for each row that wasn't imported. */
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
    // As JSON, so that control characters in an id can't affect the terminal.
    const user = userId === undefined ? '' : `, user ${JSON.stringify(userId)}`;
    return `${outcome}: line ${line}${user}: ${reason}`;
  });
  const more = rows.length - lines.length;
  return more > 0 ? [...lines, `${outcome}: ${more} more; --report <file> has them all`] : lines;
}

/**
 * A report file with one JSON object per line. It is opened before the import, so that the import can't end without a
 * report.
 */
export class ReportFile {
  private constructor(private readonly handle: FileHandle) {}

  /** @throws {Error} when the file can't be opened */
  static async create(path: string): Promise<ReportFile> {
    // Readable by its owner only: it names users.
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
