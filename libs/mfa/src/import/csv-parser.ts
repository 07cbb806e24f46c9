import { MAX_ROW_LENGTH } from './import-text.js';

/** A record of a CSV file. `cells` is null if its quoting violates RFC 4180 or it is too long. */
export interface CsvRecord {
  /** The line on which it begins. */
  line: number;
  cells: string[] | null;
}

type State = 'start' | 'plain' | 'quoted' | 'quote' | 'broken';

/**
 * A streaming CSV parser (RFC 4180): quoted cells may contain commas, doubled quotes and line breaks; lines end with
 * CRLF or LF. Chunks may split a cell, or even a doubled quote. A broken record ends with its line. A record that is
 * too long ends where its quotes say, so that user input within a long cell never becomes a row.
 *
 * It is our own parser because a broken row must not cost any other row its second factor: existing parsers stop there
 * (or, told to skip it, drop the rows up to the next quote or the end of the chunk), and none keeps a long cell out of
 * memory and continues.
 */
export class CsvParser {
  private state: State = 'start';
  private cell = '';
  private cells: string[] = [];
  /** Length of the current record so far, in characters. */
  private length = 0;
  private line = 1;
  private beginning = 1;
  private records: CsvRecord[] = [];

  /** Returns the records that this chunk completes. */
  push(chunk: string): CsvRecord[] {
    for (const character of chunk) this.take(character);
    return this.drain();
  }

  /** Returns the last record if no line break follows it. */
  end(): CsvRecord[] {
    // An unclosed quote: everything after it may be part of that cell.
    if (this.state === 'quoted') this.state = 'broken';
    this.endRecord();
    return this.drain();
  }

  private take(character: string): void {
    if (character === '\n') this.line += 1;
    this.length += character.length;
    if (this.state === 'quoted') {
      if (character === '"') this.state = 'quote';
      else this.append(character);
    } else if (character === '\n') {
      this.endRecord();
    } else if (this.state === 'broken') {
      return;
    } else if (character === ',') {
      this.endCell();
    } else if (character === '"') {
      this.takeQuote();
    } else if (this.state === 'quote') {
      // Only the CR of the line's end may follow a closing quote.
      if (character !== '\r') this.state = 'broken';
    } else {
      this.state = 'plain';
      this.append(character);
    }
  }

  private takeQuote(): void {
    if (this.state === 'quote') this.append('"');
    this.state = this.state === 'plain' ? 'broken' : 'quoted';
  }

  private append(character: string): void {
    if (this.length <= MAX_ROW_LENGTH) this.cell += character;
  }

  private endCell(): void {
    if (this.length <= MAX_ROW_LENGTH)
      this.cells.push(this.state === 'plain' ? this.cell.replace(/\r$/, '') : this.cell);
    this.cell = '';
    this.state = 'start';
  }

  private endRecord(): void {
    const isBroken = this.state === 'broken' || this.length > MAX_ROW_LENGTH;
    this.endCell();
    // An empty line isn't a record.
    const isEmpty = this.cells.length === 1 && this.cells[0] === '';
    if (isBroken || !isEmpty) {
      this.records.push({ line: this.beginning, cells: isBroken ? null : this.cells });
    }
    this.cells = [];
    this.length = 0;
    this.beginning = this.line;
  }

  private drain(): CsvRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}
