import type { CsvRecord } from './csv-parser.js';
import { CsvParser } from './csv-parser.js';
import type { MfaImportText, MfaSourceRow, MfaSourceRows } from './import-text.js';
import { chunksOf, isIntact, sourceRow } from './import-text.js';
import type { MfaRejectedRow } from './import-record.js';

/**
 * Reads the rows of a CSV file (RFC 4180). The first record names the columns.
 *
 * @throws {Error} when there is no header, or it has a duplicate column; the message doesn't quote names, which may be
 * data
 */
export async function* csvRows(text: MfaImportText): MfaSourceRows {
  let columns: string[] | undefined;
  for await (const record of recordsOf(text)) {
    if (columns) yield rowOf(record, columns);
    else columns = headerOf(record);
  }
}

async function* recordsOf(text: MfaImportText): AsyncGenerator<CsvRecord> {
  const parser = new CsvParser();
  for await (const chunk of chunksOf(text)) yield* parser.push(chunk);
  yield* parser.end();
}

function headerOf({ cells }: CsvRecord): string[] {
  const columns = (cells ?? []).map((cell) => cell.trim());
  const isHeader = columns.length > 0 && columns.every((column) => column !== '');
  if (!isHeader || new Set(columns).size !== columns.length) {
    throw new Error('The first line of a CSV file must name each column once');
  }
  return columns;
}

function rowOf({ line, cells }: CsvRecord, columns: string[]): MfaSourceRow | MfaRejectedRow {
  if (cells?.length !== columns.length || !cells.every(isIntact)) return { line, rejected: 'unreadable_row' };
  return sourceRow(
    line,
    columns.map((column, index) => [column, cells[index]]),
  );
}
