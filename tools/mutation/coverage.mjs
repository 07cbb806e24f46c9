import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_FOR_SPEC = 300_000;

const hashOf = (...texts) =>
  texts.reduce((hash, text) => hash.update(text), createHash('sha256')).digest('hex');

/**
 * What each spec runs through: measured once without a mutant, and cached until the spec or the sources change.
 *
 * @param lanes run jobs, one each at a time
 * @returns by spec: `names` and `durations` of its tests, `took`, and `coverage`: the mutants run through, by the
 * position of a test, or `hooks`, or `load`
 */
export async function coverageOf(specs, { lanes, copy, folder, sources, say }) {
  mkdirSync(folder, { recursive: true });
  const found = new Map();
  const waiting = [];
  for (const spec of specs) {
    const file = join(folder, `${hashOf(sources, readFileSync(join(copy, spec))).slice(0, 24)}.json`);
    if (existsSync(file)) found.set(spec, JSON.parse(readFileSync(file, 'utf8')));
    else waiting.push({ spec, file });
  }
  await Promise.all(
    lanes.map(async (worker) => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const answer = await worker.run({ spec: next.spec, wantsCoverage: true }, MOST_FOR_SPEC);
        if (answer.lost || answer.failure)
          say(
            `${next.spec} is left out, because it fails without a mutant: ${answer.lost ?? `${answer.failure.message} (${answer.names?.[answer.failure.test] ?? 'the file'})`}`,
          );
        else {
          found.set(next.spec, answer);
          writeFileSync(next.file, JSON.stringify(answer));
        }
      }
    }),
  );
  return found;
}
