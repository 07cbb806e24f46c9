import type { MfaImportProblem } from './import-problem.js';
import type { MfaRejectedRow } from './import-record.js';

/** A file: its text, or the chunks of a stream such as `createReadStream(path)`, split anywhere. UTF-8. */
export type MfaImportText = string | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** One row of a file, keyed by column name. Empty and null values are left out. */
export interface MfaSourceRow {
  line: number;
  fields: Readonly<Record<string, unknown>>;
}

/** The rows of a file in any format. */
export type MfaSourceRows = AsyncIterable<MfaSourceRow | MfaRejectedRow>;

/** Maximum row length, in characters. Anything longer isn't a user's second factor, and must not fill the memory. */
export const MAX_ROW_LENGTH = 2 ** 20;

/**
 * Yields the text in chunks, without a byte order mark. Invalid UTF-8 becomes U+FFFD, so that only its row is rejected.
 *
 * @throws {Error} when it is UTF-16
 */
export async function* chunksOf(text: MfaImportText): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isFirst = true;
  for await (const chunk of typeof text === 'string' ? [text] : text) {
    if (isFirst && typeof chunk !== 'string') assertNotUtf16(chunk);
    const part = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (part === '') continue;
    yield isFirst ? part.replace(/^\uFEFF/, '') : part;
    isFirst = false;
  }
  yield decoder.decode();
}

/** Otherwise every row would be unreadable, without any explanation. */
function assertNotUtf16([first, second]: Uint8Array): void {
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) throw new Error('The file is UTF-16, as `>` in PowerShell writes it: convert it to UTF-8');
}

/** Whether the text was valid UTF-8. A U+FFFD that was already in it means that it was damaged before. */
export function isIntact(text: string): boolean {
  return !text.includes('\uFFFD');
}

/** A non-empty line and its number, starting at 1. `text` is null if it exceeds the maximum row length. */
export interface TextLine {
  line: number;
  text: string | null;
}

export async function* linesOf(text: MfaImportText): AsyncGenerator<TextLine> {
  let line = 1;
  let kept = '';
  let length = 0;
  const end = (): TextLine[] => {
    const ended = length > MAX_ROW_LENGTH ? [{ line, text: null }] : [{ line, text: kept }];
    const isEmpty = kept.trim() === '' && length <= MAX_ROW_LENGTH;
    kept = '';
    length = 0;
    line += 1;
    return isEmpty ? [] : ended;
  };
  for await (const chunk of chunksOf(text)) {
    for (const [index, part] of chunk.split('\n').entries()) {
      if (index > 0) yield* end();
      length += part.length;
      if (length <= MAX_ROW_LENGTH) kept += part;
    }
  }
  yield* end();
}

/** A row without its empty values. */
export function sourceRow(line: number, entries: Iterable<[string, unknown]>): MfaSourceRow {
  const filled = [...entries].filter(([, value]) => value !== null && value !== undefined && value !== '');
  return { line, fields: Object.fromEntries(filled) };
}

export function isRejected(row: object): row is { rejected: MfaImportProblem } {
  return 'rejected' in row;
}
