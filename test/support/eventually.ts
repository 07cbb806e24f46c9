import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 10;
const DEADLINE_MS = 10_000;

/** Lets everything run that only waits for its turn. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await immediate();
}

/**
 * Waits until `look` returns something other than null, undefined or false, and returns it. For conditions without an
 * event.
 *
 * @param what describes the condition, for the error on timeout
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  milliseconds = DEADLINE_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found as never;
    if (Date.now() > deadline) throw new Error(`After ${milliseconds} ms there is still no ${what}`);
    await pause(EVERY_MS);
  }
}
