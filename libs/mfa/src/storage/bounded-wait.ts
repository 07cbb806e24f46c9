import type { QueryRunner } from 'typeorm';

/**
 * So many statements that nobody waits for any more may hang on the database; beyond that others are not begun. Each holds its place in the pool's queue,
 * and what it was asked with, until the database answers: when it never does, requests that keep coming would fill the memory.
 */
const MOST_ABANDONED = 200;

/** The time is over. What was asked may still be answered. */
class TooLateError extends Error {}

/**
 * The work's result, or an error when it takes longer. What was sent to the database goes on there, and its connection
 * returns to the pool when it answers: a request that was told "not available" holds nothing, whatever becomes of it.
 *
 * @param milliseconds how long to wait
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new TooLateError(`no answer within ${milliseconds} ms`));
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws {Error} when the moment `until` (in milliseconds since the epoch) is over: what was refused must not happen later */
export function assertInTime(until: number): void {
  if (Date.now() >= until) throw new TooLateError('nobody waits for it any more');
}

/**
 * Waits until the pool has a connection for the runner.
 *
 * @throws {Error} when that is later than `until`, in milliseconds since the epoch
 */
export async function connectInTime(runner: QueryRunner, until: number): Promise<void> {
  await runner.connect();
  assertInTime(until);
}

/** Waits for the database, each time for so long at most, and only while it answers at all. */
export class BoundedWait {
  private abandoned = 0;

  /**
   * @param milliseconds how long to wait
   * @param work is told until when somebody waits for it, in milliseconds since the epoch
   * @throws {Error} when it takes longer, or too much that took longer has no answer yet
   */
  async for<T>(milliseconds: number, work: (until: number) => Promise<T>): Promise<T> {
    if (this.abandoned >= MOST_ABANDONED)
      throw new Error(`${this.abandoned} statements before this one have no answer yet`);
    const begun = work(Date.now() + milliseconds);
    try {
      return await within(milliseconds, begun);
    } catch (error) {
      if (error instanceof TooLateError) this.abandon(begun);
      throw error;
    }
  }

  private abandon(work: Promise<unknown>): void {
    this.abandoned += 1;
    const end = (): void => {
      this.abandoned -= 1;
    };
    work.then(end, end);
  }
}
