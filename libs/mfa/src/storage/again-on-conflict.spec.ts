import { describe, expect, it } from '@jest/globals';

import { Deadline } from './bounded-wait.js';
import { againOnConflict, isConflict } from './mfa-storage.js';

const errorWith = (fields: object) => Object.assign(new Error('refused'), fields);
const soon = () => new Deadline(10_000);

/** Work that fails that many times, and counts the tries. */
function failing(times: number, error: Error) {
  const work = {
    tries: 0,
    run: (): Promise<string> => {
      work.tries += 1;
      return work.tries > times ? Promise.resolve('done') : Promise.reject(error);
    },
  };
  return work;
}

describe('againOnConflict', () => {
  it.each([
    { code: '40001' },
    { code: '40P01' },
    { code: '55P03' },
    { errno: 1205 },
    { errno: 1213 },
    { errno: 1020 },
    { code: 'SQLITE_BUSY' },
    { code: 'SQLITE_BUSY_SNAPSHOT' },
    { code: 'SQLITE_LOCKED' },
  ])('runs work again that ended with %j', async (conflict) => {
    const work = failing(2, errorWith(conflict));
    await expect(againOnConflict(soon(), work.run)).resolves.toBe('done');
    expect(work.tries).toBe(3);
  });

  it.each([
    { code: '23505' },
    { code: '57P01' },
    { code: 'ECONNRESET' },
    { code: '57014' },
    { code: 'SQLITE_FULL' },
    {},
  ])('leaves %j alone: it may have happened, or would fail again', async (fields) => {
    const error = errorWith(fields);
    const work = failing(1, error);
    await expect(againOnConflict(soon(), work.run)).rejects.toBe(error);
    expect(work.tries).toBe(1);
  });

  it('goes on until the time is over, and then says what it was', async () => {
    const conflict = errorWith({ code: '40001' });
    const work = failing(Infinity, conflict);
    const until = Date.now() + 1500;
    const error: unknown = await againOnConflict(new Deadline(1500), work.run).catch(
      (thrown: unknown) => thrown,
    );
    expect(isConflict(error)).toBe(true);
    // Ten were too few for many requests at once.
    expect(work.tries).toBeGreaterThan(3);
    // On a busy machine, timers fire late.
    expect(Date.now()).toBeLessThan(until + 1000);
  });

  it('does not run again what nobody waits for any more', async () => {
    const conflict = errorWith({ code: '40001' });
    const work = failing(1, conflict);
    await expect(againOnConflict(new Deadline(0), work.run)).rejects.toBe(conflict);
    expect(work.tries).toBe(1);
  });
});
