import { readFileSync } from 'node:fs';

const LIST = new URL('equivalents.json', import.meta.url);

const keyOf = ({ file, code, mutator, original, replacement }) =>
  JSON.stringify([file, code, mutator, original, replacement]);

/**
 * Mutants that no test can kill because they behave the same, each with the reason. They are identified by file, the
 * text of the line, and the replacement, so that code above them can move.
 */
export class Equivalents {
  constructor(list = JSON.parse(readFileSync(LIST, 'utf8'))) {
    this.list = list;
    this.reasons = new Map(list.map((entry) => [keyOf(entry), entry.why]));
  }

  /** @returns why no test can kill it, or undefined */
  reasonFor(mutant) {
    return this.reasons.get(keyOf(mutant));
  }

  /** Entries that match no mutant any more, because their code has changed. */
  stale(mutants) {
    const keys = new Set(mutants.map(keyOf));
    return this.list.filter((entry) => !keys.has(keyOf(entry)));
  }
}
