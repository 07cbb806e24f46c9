import type { MfaImportText, MfaSourceRows } from './import-text.js';
import { isIntact, linesOf, sourceRow } from './import-text.js';

/** Reads a file with one JSON object per line. */
export async function* jsonLineRows(text: MfaImportText): MfaSourceRows {
  for await (const { line, text: json } of linesOf(text)) {
    const value = json !== null && isIntact(json) ? parse(json) : null;
    yield isRecord(value)
      ? sourceRow(line, Object.entries(value))
      : { line, rejected: 'unreadable_row' as const };
  }
}

/** Returns null for invalid JSON. The parser's own message quotes the text, which may contain a secret. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
