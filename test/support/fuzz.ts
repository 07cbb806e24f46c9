import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';

import { expect, jest } from '@jest/globals';
import * as fc from 'fast-check';

/** How long each property is tried (`MFA_FUZZ_SECONDS`); 0: as often as it says itself, for which a usual run of the tests has time. */
const SECONDS = Number(process.env['MFA_FUZZ_SECONDS'] ?? 0);

/** What is told of a property that does not hold names the seed; with it the same inputs come again. */
const SEED = process.env['MFA_FUZZ_SEED'];

/** The file where `tools/fuzz.mjs` reads how often each property was tried. */
const REPORT = process.env['MFA_FUZZ_REPORT'];

/** What does not answer for so long hangs. It is told of with its input, which Jest's own limit would not know. */
const HANG_MS = 10_000;

/** Enough to make the input smaller of a property that does not hold, over HTTP too. */
const LIMIT_MS = 60_000;

jest.setTimeout(SECONDS * 1000 + LIMIT_MS + 2 * HANG_MS);

type Inputs<T extends unknown[]> = { [K in keyof T]: fc.Arbitrary<T[K]> };

/**
 * Expects that something holds for everything that these inputs can be: that it neither throws nor leaves one without an answer.
 *
 * @param runs how many inputs a usual run tries
 */
export async function expectAlways<T extends [unknown, ...unknown[]]>(
  runs: number,
  inputs: Inputs<T>,
  holds: (...input: T) => void | Promise<void>,
): Promise<void> {
  const started = Date.now();
  const property = fc.asyncProperty<T>(...inputs, async (...input: T) => holds(...input));
  const limit =
    SECONDS > 0
      ? fc.interruptAfterTimeLimit(SECONDS * 1000)
      : fc.interruptAfterTimeLimit(LIMIT_MS, { failOnInterrupt: true });
  const details = await fc.check(property, {
    numRuns: SECONDS > 0 ? Number.MAX_SAFE_INTEGER : runs,
    plugins: [fc.timeout(HANG_MS), limit],
    includeErrorInReport: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
  note(details, (Date.now() - started) / 1000);
  if (details.failed) throw new Error(await fc.asyncDefaultReportMessage(details));
}

function note({ numRuns, failed }: { numRuns: number; failed: boolean }, seconds: number): void {
  if (!REPORT) return;
  const { testPath = '', currentTestName } = expect.getState();
  const outcome = {
    spec: basename(testPath, '.spec.ts'),
    name: currentTestName,
    runs: numRuns,
    seconds,
    failed,
  };
  appendFileSync(REPORT, `${JSON.stringify(outcome)}\n`);
}
