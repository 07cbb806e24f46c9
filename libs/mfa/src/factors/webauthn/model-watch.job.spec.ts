import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { ModelWatchJob } from './model-watch.job.js';

describe('the job that watches models', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** The job with that interval, what it did, and how it is registered. */
  function start(webauthn: object | undefined, refresh = () => Promise.resolve()) {
    const calls: string[] = [];
    const registered: string[] = [];
    const instance = { addInterval: (name: string) => registered.push(name) };
    const providers = new Map([[class SchedulerRegistry {}, { instance }]]);
    const job = new ModelWatchJob(
      { refresh: () => refresh().then(() => calls.push('refresh')) } as never,
      { report: () => Promise.resolve(calls.push('report')) } as never,
      { get: () => new Map([['a module', { providers }]]) } as never,
      { webauthn } as never,
    );
    job.onApplicationBootstrap();
    return { job, calls, registered };
  }

  it('looks for newer metadata, and then for keys', async () => {
    const { job, calls, registered } = start({ metadata: { everySeconds: 60 } });
    expect(registered).toEqual(['nestjs-mfa:revoked-models']);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual(['refresh', 'report']);
    job.onModuleDestroy();
  });

  it('says what went wrong', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { job } = start({ metadata: { everySeconds: 60 } }, () =>
      Promise.reject(new Error('no such file')),
    );
    await jest.advanceTimersByTimeAsync(60_000);
    expect(warn).toHaveBeenCalledWith('Keys of revoked models could not be reported: no such file');
    job.onModuleDestroy();
  });

  it.each([[undefined], [{}], [{ metadata: { everySeconds: 0 } }]])(
    'does nothing with %j',
    async (webauthn) => {
      const { calls } = start(webauthn);
      await jest.advanceTimersByTimeAsync(86_400_000);
      expect(calls).toEqual([]);
    },
  );
});
