/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import { registerFactorType } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { FactorData } from './factor-judge.js';
import { findVoid, hasRoom, isSent } from './void-authenticator.js';

registerFactorType({ type: 'pager', channel: 'pager', maxPerUser: 2 } as never);
registerFactorType({ type: 'badge' } as never);

const USER = { id: 'ada' };
/** Only what is looked at: the data says whether it works. */
const row = (id: string, data = 'works', type = 'pager') => ({ id, type, data }) as unknown as Authenticator;
const data = new FactorData({ decrypt: (text: string) => Promise.resolve(text) } as never);

/** A factor that tells from an authenticator's data whether it works. */
const factor = {
  isUsable: (_: object, authenticator: { data: string }) => {
    if (authenticator.data === 'broken') throw new Error('not to be read');
    if (authenticator.data === 'away') throw new MfaException('storage_unavailable');
    return authenticator.data === 'works';
  },
};
const voidOf = (rows: Authenticator[], type = 'pager', given: object = factor) =>
  findVoid(USER, { type: type as MfaType, factor: given as never }, rows, data);

describe('an authenticator whose destination is no longer on record', () => {
  it('is found where it leaves no room for a new one', async () => {
    await expect(voidOf([row('one'), row('two', 'moved')])).resolves.toBe('two');
  });

  it.each<[string, Authenticator[], string, object]>([
    ['there is room', [row('one', 'moved'), row('badge', 'works', 'badge')], 'pager', factor],
    ['all work', [row('one'), row('two')], 'pager', factor],
    ['it cannot be read', [row('one'), row('two', 'broken')], 'pager', factor],
    ['it is of another type', [row('one'), row('two'), row('three', 'moved', 'badge')], 'pager', factor],
    ['nothing is sent', [row('one', 'moved', 'badge')], 'badge', factor],
    ['the factor does not tell', [row('one', 'moved'), row('two')], 'pager', {}],
  ])('is none where %s', async (_, rows, type, given) => {
    await expect(voidOf(rows, type, given)).resolves.toBeNull();
  });

  it('is not known while it cannot be told', async () => {
    await expect(voidOf([row('one'), row('two', 'away')])).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});

describe('the room for one more', () => {
  it('is what the type allows, or one, without the one that is replaced', () => {
    const [pager, badge] = ['pager', 'badge'] as unknown as [MfaType, MfaType];
    expect(hasRoom(pager, [row('one')])).toBe(true);
    expect(hasRoom(pager, [row('one'), row('two')])).toBe(false);
    expect(hasRoom(pager, [row('one'), row('two')], 'two')).toBe(true);
    expect(hasRoom(badge, [row('one', '', 'badge')])).toBe(false);
    expect(hasRoom(badge, [row('one')])).toBe(true);
    expect([isSent(pager), isSent(badge)]).toEqual([true, false]);
  });
});
