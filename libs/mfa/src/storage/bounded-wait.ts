import type { QueryRunner } from 'typeorm';

/**
 * So many statements that nobody waits for any more may hang on the database; beyond that others are not begun. Each holds its place in the pool's queue,
 * and what it was asked with, until the database answers: when it never does, requests that keep coming would fill the memory.
 */
const MOST_ABANDONED = 200;

/** The time is over. What was asked may still be answered. */
class TooLateError extends Error {}

/** Until when somebody waits. It goes by time that passes, whatever is done to the clock. */
export class Deadline {
  private isOver = false;
  private readonly at: number;

  /** @param milliseconds how long from now */
  constructor(milliseconds: number) {
    this.at = performance.now() + milliseconds;
  }

  /** Milliseconds that are left; 0 when it is over. */
  get left(): number {
    return this.isOver ? 0 : Math.max(0, this.at - performance.now());
  }

  /** It is over from here on: whoever waited has been told. */
  end(): void {
    this.isOver = true;
  }

  /** @throws {Error} when it is over: what was refused must not happen later */
  assert(): void {
    if (this.left === 0) throw new TooLateError('nobody waits for it any more');
  }
}

/**
 * The work's result, or an error when it takes longer. What was sent to the database goes on there, and its connection
 * returns to the pool when it answers: a request that was told "not available" holds nothing, whatever becomes of it.
 *
 * @param milliseconds how long to wait
 * @param giveUp called just before it is refused
 */
export async function within<T>(milliseconds: number, work: Promise<T>, giveUp?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const fail = (): void => {
      giveUp?.();
      reject(new TooLateError(`no answer within ${milliseconds} ms`));
    };
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
 * @throws {Error} when that is too late
 */
export async function connectInTime(runner: QueryRunner, deadline: Deadline): Promise<void> {
  await runner.connect();
  deadline.assert();
}

/** Waits for the database, each time for so long at most, and only while it answers at all. */
export class BoundedWait {
  private abandoned = 0;

  /** How many statements nobody waits for any more, and the database has not answered yet. */
  get unanswered(): number {
    return this.abandoned;
  }

  /**
   * @param milliseconds how long to wait
   * @param work is told until when somebody waits for it
   * @param late is given a result that comes after that
   * @throws {Error} when it takes longer, or too much that took longer has no answer yet
   */
  async for<T>(
    milliseconds: number,
    work: (deadline: Deadline) => Promise<T>,
    late?: (result: T) => void,
  ): Promise<T> {
    if (this.abandoned >= MOST_ABANDONED)
      throw new Error(`${this.abandoned} statements before this one have no answer yet`);
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
