import { readFileSync } from 'node:fs';

const LIST = new URL('equivalents.json', import.meta.url);

const keyOf = ({ file, code, mutator, original, replacement }) =>
  JSON.stringify([file, code, mutator, original, replacement]);

/**
 * The mutants that no test can kill, as what they do is the same to anybody; each with its reason. They are known by their file, the line's text, and what is
 * replaced by what, so that code above may move.
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

  /** Entries of which there is no mutant any more: their code has changed. */
  stale(mutants) {
    const keys = new Set(mutants.map(keyOf));
    return this.list.filter((entry) => !keys.has(keyOf(entry)));
  }
}
