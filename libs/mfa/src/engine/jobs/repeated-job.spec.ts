import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import { RepeatedJob } from './repeated-job.js';

/** The name by which the job looks for it. */
class SchedulerRegistry {
  readonly addInterval = jest.fn();
}

const work = jest.fn<() => Promise<void>>();

class Job extends RepeatedJob {
  protected readonly failure = 'It failed';

  constructor(everySeconds: number, registry?: SchedulerRegistry) {
    const providers = new Map(registry ? [[SchedulerRegistry, { instance: registry }]] : []);
    super('a-job', everySeconds, { get: () => new Map([['module', { providers }]]) } as unknown as ModuleRef);
  }

  protected work(): Promise<void> {
    return work();
  }
}

describe('a repeated job', () => {
  let job: Job;
  const start = (everySeconds: number, registry?: SchedulerRegistry) => {
    job = new Job(everySeconds, registry);
    job.onApplicationBootstrap();
  };

  beforeEach(() => {
    jest.useFakeTimers();
    work.mockReset();
    work.mockResolvedValue();
  });
  afterEach(() => {
    job.onModuleDestroy();
    jest.useRealTimers();
  });

  it('works at its interval', async () => {
    start(60);
    await jest.advanceTimersByTimeAsync(59_999);
    expect(work).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('is in the registry of @nestjs/schedule where there is one', () => {
    const registry = new SchedulerRegistry();
    start(60, registry);
    expect(registry.addInterval.mock.calls).toEqual([['a-job', expect.anything()]]);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('has no timer without an interval', () => {
    const registry = new SchedulerRegistry();
    start(0, registry);
    expect(registry.addInterval).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('begins no round before the last one is over', async () => {
    let end: () => void = () => undefined;
    work.mockImplementation(() => new Promise((resolve) => (end = resolve)));
    start(60);
    await jest.advanceTimersByTimeAsync(180_000);
    expect(work).toHaveBeenCalledTimes(1);
    end();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('ends with the application', async () => {
    start(60);
    job.onModuleDestroy();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(work).not.toHaveBeenCalled();
  });

  it('goes on after a round that fails with anything', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    for (const reason of [new Error('out of order'), 'boom']) work.mockRejectedValueOnce(reason);
    start(60);
    await jest.advanceTimersByTimeAsync(180_000);
    expect(work).toHaveBeenCalledTimes(3);
    expect(warn.mock.calls).toEqual([['It failed: out of order'], ['It failed: ']]);
    warn.mockRestore();
  });
});
