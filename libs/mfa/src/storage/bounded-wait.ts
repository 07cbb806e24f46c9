import type { QueryRunner } from 'typeorm';

import { TooLateError } from './in-doubt.js';

/**
 * How many abandoned statements may be unanswered before new ones are rejected. Each holds its place in the pool's queue and
 * its parameters until the database answers. If it never does, requests that keep coming would fill the memory.
 */
const MOST_ABANDONED = 200;

/** Until when a caller waits. It measures elapsed time, independent of clock changes. */
export class Deadline {
  private isOver = false;
  private reason: Error | undefined;
  private readonly at: number;

  /** @param milliseconds how long from now */
  constructor(milliseconds: number) {
    this.at = performance.now() + milliseconds;
  }

  /** Milliseconds left; 0 when the deadline has passed. */
  get left(): number {
    return this.isOver ? 0 : Math.max(0, this.at - performance.now());
  }

  /**
   * Ends the deadline early, because the caller is about to be told.
   *
   * @returns the reason of a pause that is in progress, if any
   */
  end(): Error | undefined {
    this.isOver = true;
    return this.reason;
  }

  /**
   * Pauses between two tries, while nothing is in progress. A caller whose time is up meanwhile is told the reason, which is
   * certain, and not that there was no answer.
   *
   * @throws the reason when the deadline has passed
   */
  async pause(milliseconds: number, reason: Error): Promise<void> {
    this.reason = reason;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    this.reason = undefined;
    if (this.left === 0) throw reason;
  }

  /** @throws {Error} when the deadline has passed: what was refused must not happen later */
  assert(): void {
    if (this.left === 0) throw new TooLateError('nothing is waiting for it any more');
  }
}

/**
 * Returns the work's result, or rejects if it takes longer. What was sent to the database continues there, and its connection
 * returns to the pool when it answers. A request that was told "not available" holds nothing in either case.
 *
 * @param milliseconds how long to wait
 * @param giveUp called just before the rejection, which it may give a better reason than the time
 */
export async function within<T>(
  milliseconds: number,
  work: Promise<T>,
  giveUp?: () => Error | undefined,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const fail = (): void => reject(giveUp?.() ?? new TooLateError(`no answer within ${milliseconds} ms`));
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until the pool has a connection for the runner.
 *
 * @throws {Error} when the deadline has passed
 */
export async function connectInTime(runner: QueryRunner, deadline: Deadline): Promise<void> {
  await runner.connect();
  deadline.assert();
}

/** Waits for the database for a limited time, and only as long as it still answers at all. */
export class BoundedWait {
  private abandoned = 0;

  /** How many abandoned statements the database has not answered yet. */
  get unanswered(): number {
    return this.abandoned;
  }

  /**
   * @param milliseconds how long to wait
   * @param work receives the deadline of the wait
   * @param late receives a result that arrives after that
   * @throws {Error} when it takes longer, or too many abandoned statements are unanswered
   */
  async for<T>(
    milliseconds: number,
    work: (deadline: Deadline) => Promise<T>,
    late?: (result: T) => void,
  ): Promise<T> {
    if (this.abandoned >= MOST_ABANDONED)
      throw new Error(`${this.abandoned} earlier statements are still unanswered`);
    const deadline = new Deadline(milliseconds);
    const begun = work(deadline);
    try {
      return await within(milliseconds, begun, () => deadline.end());
    } catch (error) {
      if (error instanceof TooLateError) this.abandon(begun, late);
      throw error;
    }
  }

  private abandon<T>(work: Promise<T>, late?: (result: T) => void): void {
    this.abandoned += 1;
    const end = (): void => {
      this.abandoned -= 1;
    };
    work.then((result) => {
      end();
      late?.(result);
    }, end);
  }
}
