import { randomInt } from 'node:crypto';

/**
 * Errors by which an engine has undone a transaction so that another one could go first (SQLSTATE 40001 and 40P01; MySQL's
 * lock wait timeout, deadlock, and MariaDB's changed record). Nothing of it has happened, so it can be run again.
 */
const CONFLICTS: readonly unknown[] = ['40001', '40P01', 1205, 1213, 1020];
const TRIES = 10;
const FIRST_PAUSE_MS = 10;

/**
 * Runs the work again when the engine has undone it, after a pause that is different for each: no claim was won or lost before
 * the commit. Under SERIALIZABLE that can befall a read as well.
 *
 * @param until when nobody waits for it any more, in milliseconds since the epoch: what was refused must not happen later
 */
export async function againOnConflict<T>(until: number, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error) || tried === TRIES || Date.now() >= until) throw error;
    }
    await pause(FIRST_PAUSE_MS * 2 ** Math.min(tried, 5));
  }
}

/** Whether the engine itself has undone the transaction. */
function isConflict(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return CONFLICTS.includes(code) || CONFLICTS.includes(errno);
}

/** Of transactions that ran into each other, none waits as long as another. */
async function pause(atMost: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, randomInt(1, atMost + 1)));
}
