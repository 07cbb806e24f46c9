import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { RetentionJob } from './retention-job.js';

type Parts = ConstructorParameters<typeof RetentionJob>;

it('says what went wrong when what has expired cannot be removed', async () => {
  jest.useFakeTimers();
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const purge = () => Promise.reject(new Error('the database is gone'));
  const job = new RetentionJob(
    { purge } as unknown as Parts[0],
    { get: () => new Map() } as unknown as Parts[1],
    { retention: { everySeconds: 60, batchSize: 1000 } } as Parts[2],
  );
  job.onApplicationBootstrap();
  await jest.advanceTimersByTimeAsync(60_000);
  job.onModuleDestroy();
  expect(warn.mock.calls).toEqual([['Expired rows could not be removed: the database is gone']]);
  warn.mockRestore();
  jest.useRealTimers();
});
