import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { RetentionJob } from './retention-job.js';

type Parts = ConstructorParameters<typeof RetentionJob>;

describe('the job that removes what has expired', () => {
  const purge = jest.fn<() => Promise<void>>();
  let job: RetentionJob;

  beforeEach(() => {
    jest.useFakeTimers();
    purge.mockReset();
    // An application without `@nestjs/schedule`.
    const modules = { get: () => new Map() };
    job = new RetentionJob(
      { purge } as unknown as Parts[0],
      modules as unknown as Parts[1],
      { retention: { everySeconds: 60, batchSize: 1000 } } as Parts[2],
    );
    job.onApplicationBootstrap();
  });

  afterEach(() => {
    job.onModuleDestroy();
    jest.useRealTimers();
  });

  it('begins no round before the last one is over', async () => {
    let end: () => void = () => undefined;
    purge.mockImplementation(() => new Promise((resolve) => (end = resolve)));
    await jest.advanceTimersByTimeAsync(180_000);
    expect(purge).toHaveBeenCalledTimes(1);
    end();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(purge).toHaveBeenCalledTimes(2);
  });

  it('says what went wrong, and tries again', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    purge.mockRejectedValue(new Error('the database is gone'));
    await jest.advanceTimersByTimeAsync(120_000);
    expect(warn.mock.calls).toEqual(
      Array(2).fill(['Expired rows could not be removed: the database is gone']),
    );
    warn.mockRestore();
  });

  it('ends with the application', async () => {
    job.onModuleDestroy();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(purge).not.toHaveBeenCalled();
  });
});
