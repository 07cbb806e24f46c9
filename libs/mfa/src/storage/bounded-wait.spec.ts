import { describe, expect, it } from '@jest/globals';

import { BoundedWait, assertInTime, within } from './bounded-wait.js';

/** Work that is answered when the test says so. */
class Hanging {
  begun = 0;
  private readonly ends: (() => void)[] = [];

  readonly work = (): Promise<string> => {
    this.begun += 1;
    return new Promise((resolve) => this.ends.push(() => resolve('late')));
  };

  answerAll(): void {
    for (const end of this.ends.splice(0)) end();
  }
}

const atOnce = (): Promise<string> => Promise.resolve('at once');
const times = (count: number, work: () => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: count }, work));

describe('BoundedWait', () => {
  it('says until when somebody waits', async () => {
    const startedAt = Date.now();
    const until = await new BoundedWait().for(60_000, (moment) => Promise.resolve(moment));
    expect(until).toBeGreaterThanOrEqual(startedAt + 60_000);
    expect(until).toBeLessThan(startedAt + 70_000);
  });

  it('begins nothing more while 200 that nobody waits for have no answer, and goes on when they have', async () => {
    const waiting = new BoundedWait();
    const hanging = new Hanging();
    await times(200, () => waiting.for(1, hanging.work));
    await expect(waiting.for(1000, atOnce)).rejects.toThrow(
      '200 statements before this one have no answer yet',
    );
    expect(hanging.begun).toBe(200);

    hanging.answerAll();
    await new Promise(setImmediate);
    await expect(waiting.for(1000, atOnce)).resolves.toBe('at once');
  });

  it('does not count what is still waited for, nor what failed in time', async () => {
    const waiting = new BoundedWait();
    const hanging = new Hanging();
    const inTime = times(300, () => waiting.for(10_000, hanging.work));
    await times(300, () => waiting.for(10_000, () => Promise.reject(new Error('refused'))));
    await expect(waiting.for(1000, atOnce)).resolves.toBe('at once');
    hanging.answerAll();
    expect((await inTime).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('counts what failed late as answered', async () => {
    const waiting = new BoundedWait();
    await times(200, () => waiting.for(1, () => within(20, new Promise(() => undefined))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(waiting.for(1000, atOnce)).resolves.toBe('at once');
  });
});

describe('assertInTime', () => {
  it('throws from that moment on', () => {
    expect(() => assertInTime(Date.now() + 1000)).not.toThrow();
    expect(() => assertInTime(Date.now())).toThrow('nobody waits for it any more');
  });
});
