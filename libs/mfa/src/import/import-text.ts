import type { ImportProblem } from './import-problem.js';
import type { RejectedRow } from './import-record.js';

/** A file: its text, or the chunks of a stream such as `createReadStream(path)`, cut anywhere. UTF-8. */
export type ImportText = string | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** One row of a file by the names of its columns; what is empty or null is left out. */
export interface SourceRow {
  line: number;
  fields: Readonly<Record<string, unknown>>;
}

/** The rows of a file, whatever its format. */
export type SourceRows = AsyncIterable<SourceRow | RejectedRow>;

/** The text in chunks, without a byte order mark. */
export async function* chunksOf(text: ImportText): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let isFirst = true;
  for await (const chunk of typeof text === 'string' ? [text] : text) {
    const part = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (part === '') continue;
    yield isFirst ? part.replace(/^\uFEFF/, '') : part;
    isFirst = false;
  }
  yield decoder.decode();
}

/** The lines that are not empty, with their numbers from 1. */
export async function* linesOf(text: ImportText): AsyncGenerator<{ line: number; text: string }> {
  let rest = '';
  let line = 0;
  for await (const chunk of chunksOf(text)) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      line += 1;
      if (part.trim() !== '') yield { line, text: part };
    }
  }
  if (rest.trim() !== '') yield { line: line + 1, text: rest };
}

/** The row of a file without what is empty. */
export function sourceRow(line: number, entries: Iterable<[string, unknown]>): SourceRow {
  const filled = [...entries].filter(([, value]) => value !== null && value !== undefined && value !== '');
  return { line, fields: Object.fromEntries(filled) };
}

export function isRejected(row: object): row is { rejected: ImportProblem } {
  return 'rejected' in row;
}
