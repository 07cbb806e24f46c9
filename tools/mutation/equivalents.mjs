import { readFileSync } from 'node:fs';

const LIST = new URL('equivalents.json', import.meta.url);

const keyOf = ({ file, code, mutator, original, replacement }) =>
  JSON.stringify([file, code, mutator, original, replacement]);

/**
 * The mutants that no test can kill, as what they do is the same to anybody; each with its reason. They are known by their file, the line's text, and what is
 * replaced by what, so that code above may move. Without `original` and `replacement` an entry stands for all mutants of its mutator on that line.
 */
export class Equivalents {
  unused;

  constructor(list = JSON.parse(readFileSync(LIST, 'utf8'))) {
    this.reasons = new Map(list.map((entry) => [keyOf(entry), entry.why]));
    this.unused = new Set(this.reasons.keys());
  }

  /** @returns why no test can kill it, or undefined */
  reasonFor({ file, code, mutator, original, replacement }) {
    const keys = [
      keyOf({ file, code, mutator, original, replacement }),
      keyOf({ file, code, mutator, replacement }),
      keyOf({ file, code, mutator }),
    ];
    const key = keys.find((one) => this.reasons.has(one));
    if (key) this.unused.delete(key);
    return this.reasons.get(key);
  }
}
