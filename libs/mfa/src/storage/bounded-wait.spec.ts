import { describe, expect, it } from '@jest/globals';

import { BoundedWait, Deadline, within } from './bounded-wait.js';

/** Work that completes when the test says so. */
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
    const left = await new BoundedWait().for(60_000, (deadline) => Promise.resolve(deadline.left));
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('ends the time of what it refuses, whatever the clock says', async () => {
    let given: Deadline | undefined;
    const hanging = (deadline: Deadline): Promise<never> => {
      given = deadline;
      return new Promise(() => undefined);
    };
    const now = Date.now;
    Date.now = () => now() - 60_000;
    await expect(new BoundedWait().for(20, hanging)).rejects.toThrow('no answer within 20 ms');
    Date.now = now;
    expect(() => given?.assert()).toThrow('nothing is waiting for it any more');
  });

  it('says why work pauses if its time is up meanwhile, and waits for nothing then', async () => {
    const waiting = new BoundedWait();
    const conflict = new Error('another transaction won');
    const run = (deadline: Deadline) => deadline.pause(60_000, conflict);
    await expect(waiting.for(20, run)).rejects.toBe(conflict);
    expect(waiting.unanswered).toBe(0);
  });

  it('says that there was no answer if the work has gone on after a pause', async () => {
    const run = async (deadline: Deadline): Promise<void> => {
      await deadline.pause(1, new Error('another transaction won'));
      await new Promise(() => undefined);
    };
    await expect(new BoundedWait().for(50, run)).rejects.toThrow('no answer within 50 ms');
  });

  it('tells of a result that comes when nobody waits for it any more, and of no other', async () => {
    const results: string[] = [];
    const waiting = new BoundedWait();
    const hanging = new Hanging();
    const late = (result: string): unknown => results.push(result);
    await times(1, () => waiting.for(1, hanging.work, late));
    await waiting.for(1000, atOnce, late);
    hanging.answerAll();
    await new Promise(setImmediate);
    expect(results).toEqual(['late']);
  });

  it('begins nothing more while 200 that nobody waits for have no answer, and goes on when they have', async () => {
    const waiting = new BoundedWait();
    const hanging = new Hanging();
    await times(200, () => waiting.for(1, hanging.work));
    await expect(waiting.for(1000, atOnce)).rejects.toThrow('200 earlier statements are still unanswered');
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

describe('Deadline', () => {
  it('pauses, and throws the reason only if it is over afterwards', async () => {
    const reason = new Error('another transaction won');
    await expect(new Deadline(60_000).pause(1, reason)).resolves.toBeUndefined();
    await expect(new Deadline(0).pause(1, reason)).rejects.toBe(reason);
  });

  it('is over when its time is, or when somebody ends it', () => {
    const deadline = new Deadline(60_000);
    expect(() => deadline.assert()).not.toThrow();
    deadline.end();
    expect(() => deadline.assert()).toThrow('nothing is waiting for it any more');
    expect(() => new Deadline(0).assert()).toThrow('nothing is waiting for it any more');
  });
});
