import { MAX_ROW_LENGTH } from './import-text.js';

/** A record of a CSV file; `cells` is null when its quotes are not as RFC 4180 has them, or it is too long. */
export interface CsvRecord {
  /** Where it begins. */
  line: number;
  cells: string[] | null;
}

type State = 'start' | 'plain' | 'quoted' | 'quote' | 'broken';

/**
 * Takes CSV apart (RFC 4180): quoted cells may hold commas, doubled quotes and line breaks; lines end with CRLF or LF. It is
 * fed in chunks, so a cell, and even a doubled quote, may be cut by them. A broken record ends with its line. One that is too
 * long ends where its quotes say so: what a user has written into a long cell never becomes a row.
 *
 * This is our own because a broken row must cost no other one its second factor: the parsers at hand stop at it (or, told to
 * skip it, drop the rows up to the next quote or the end of the chunk), and none keeps a long cell out of the memory and goes on.
 */
export class CsvParser {
  private state: State = 'start';
  private cell = '';
  private cells: string[] = [];
  /** Of the record so far, in characters. */
  private length = 0;
  private line = 1;
  private beginning = 1;
  private records: CsvRecord[] = [];

  /** The records that this chunk completes. */
  push(chunk: string): CsvRecord[] {
    for (const character of chunk) this.take(character);
    return this.drain();
  }

  /** The record at the end, when no line break follows it. */
  end(): CsvRecord[] {
    // A quote that nobody closed: everything after it may be part of that cell.
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
      // Only the CR of a line's end may follow a closing quote.
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
    // An empty line is no record.
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
