import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { TestClock } from '../../../../../test/support/clock.js';
import { Gate } from '../../../../../test/support/gate.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import type { MfaJournal } from './mfa-journal.js';
import { RefusalLog } from './refusal-log.js';

const USER = { id: 'ada' };
const EVENT = { type: 'mfa.authenticator.tampered', data: { authenticatorId: 'a' } } as const;
const WINDOW = 300;

describe('refusals that no budget bounds', () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const clock = new TestClock();
  const gate = new Gate();
  let recorded: string[];
  let error: unknown;
  let log: RefusalLog;

  beforeEach(() => {
    recorded = [];
    error = null;
    const record = async ({
      user,
      source,
      events,
    }: {
      user: { id: string };
      source: object;
      events: object[];
    }) => {
      await gate.pass();
      if (error) throw error as Error;
      expect([source, events]).toEqual([APPLICATION_SOURCE, [expect.objectContaining({ type: EVENT.type })]]);
      recorded.push(user.id);
    };
    const options = { rateLimit: { windowSeconds: WINDOW } } as ResolvedMfaOptions;
    log = new RefusalLog({ record } as unknown as MfaJournal, options, clock);
  });
  afterEach(() => void warn.mockClear());

  const tell = (user = USER, event: typeof EVENT | { type: 'mfa.unlocked' } = EVENT) =>
    log.tellOnce(user, APPLICATION_SOURCE, event as typeof EVENT);
  const told = async () => {
    await log.onModuleDestroy();
    return recorded;
  };

  it('are told once a window, and user, and kind', async () => {
    for (let time = 0; time < 3; time += 1) tell();
    expect(await told()).toEqual(['ada']);
    tell({ id: 'bob' });
    tell(USER, { ...EVENT, data: { authenticatorId: 'b' } } as unknown as typeof EVENT);
    expect(await told()).toEqual(['ada', 'bob', 'ada']);
    clock.advance(WINDOW - 1);
    tell();
    expect(await told()).toHaveLength(3);
    clock.advance(1);
    tell();
    expect(await told()).toHaveLength(4);
    // A clock that is set back must not silence them for long.
    clock.advance(-WINDOW);
    tell();
    expect(await told()).toHaveLength(5);
  });

  it('are told before the application closes', async () => {
    gate.close();
    tell();
    const closed = log.onModuleDestroy().then(() => recorded.length);
    await gate.holds(1);
    gate.open();
    expect(await closed).toBe(1);
  });

  it.each([
    ['an error', new Error('the table is away'), 'the table is away'],
    ['what is no error', 'boom', ''],
  ])('fail nobody, and are told the next time, after %s', async (_, thrown, text) => {
    error = thrown;
    tell();
    expect(await told()).toEqual([]);
    expect(warn).toHaveBeenCalledWith(`A refusal could not be recorded: ${text}`);
    error = null;
    tell();
    expect(await told()).toEqual(['ada']);
  });

  it('are remembered for ten thousand, the newest of them', () => {
    for (let key = 0; key < 10_000; key += 1) log.isFirst(String(key));
    expect([log.isFirst('0'), log.isFirst('9999')]).toEqual([false, false]);
    expect(log.isFirst('one more')).toBe(true);
    expect([log.isFirst('1'), log.isFirst('9999')]).toEqual([false, false]);
    expect(log.isFirst('0')).toBe(true);
  });
});
