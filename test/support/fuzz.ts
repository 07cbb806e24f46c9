import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';

import { expect, jest } from '@jest/globals';
import * as fc from 'fast-check';

/**
 * How long to test each property (`MFA_FUZZ_SECONDS`). 0: as many runs as the property states, which a normal test run
 * has time for.
 */
const SECONDS = Number(process.env['MFA_FUZZ_SECONDS'] ?? 0);

/** The report of a failed property includes the seed, which reproduces the same inputs. */
const SEED = process.env['MFA_FUZZ_SEED'];

/** The file in which `tools/fuzz.mjs` reads how often each property was tested. */
const REPORT = process.env['MFA_FUZZ_REPORT'];

/** An input without a result for this long hangs. It is reported with the input, unlike by Jest's own timeout. */
const HANG_MS = 10_000;

/** Enough time to shrink a failing input, over HTTP too. */
const LIMIT_MS = 60_000;

jest.setTimeout(SECONDS * 1000 + LIMIT_MS + 2 * HANG_MS);

type Inputs<T extends unknown[]> = { [K in keyof T]: fc.Arbitrary<T[K]> };

/**
 * Expects a property to hold for all inputs: that it neither throws nor fails to return.
 *
 * @param runs the number of inputs in a normal run
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
