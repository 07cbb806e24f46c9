import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { BoundedWait, Deadline } from './bounded-wait.js';
import { isInDoubt } from './in-doubt.js';
import { commitOnServer } from './server-commit.js';

const write = (sql: string) => ({ query: { getQueryAndParameters: (): [string, unknown[]] => [sql, []] } });

/** A database that fails at this statement. */
function failingAt(failing: string): DataSource {
  const run = (sql: string): Promise<{ affected: number }> =>
    sql === failing ? Promise.reject(new Error(`lost at ${sql}`)) : Promise.resolve({ affected: 1 });
  const runner = {
    isTransactionActive: false,
    connect: () => Promise.resolve({ end: () => Promise.resolve() }),
    query: run,
    startTransaction: async () => {
      await run('BEGIN');
      runner.isTransactionActive = true;
    },
    commitTransaction: () => run('COMMIT'),
    rollbackTransaction: () => run('ROLLBACK'),
    release: () => Promise.resolve(),
  };
  return { options: { type: 'postgres' }, createQueryRunner: () => runner } as never;
}

describe('a commit that failed', () => {
  it.each([
    ['BEGIN', ['A', 'B'], false],
    ['B', ['A', 'B'], false],
    ['COMMIT', ['A', 'B'], true],
    // It is a transaction by itself.
    ['A', ['A'], true],
  ])('at %s of %j leaves it open whether it has happened: %p', async (at, statements, doubt) => {
    const commit = commitOnServer(failingAt(at), statements.map(write), new Deadline(10_000));
    const error: unknown = await commit.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: `lost at ${at}` });
    expect(isInDoubt(error)).toBe(doubt);
  });

  it('without an answer in time leaves it open, too', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const error: unknown = await new BoundedWait().for(1, never).catch((thrown: unknown) => thrown);
    expect(isInDoubt(error)).toBe(true);
    expect(isInDoubt(undefined)).toBe(false);
  });
});
