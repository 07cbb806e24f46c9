import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 10;
const DEADLINE_MS = 10_000;

/** Lets run what waits for nothing but its turn. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await immediate();
}

/**
 * What `look` finds, as soon as it finds something: anything but null, undefined and false. For what has no event to wait for.
 *
 * @param what in words, for the error when it never comes
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
