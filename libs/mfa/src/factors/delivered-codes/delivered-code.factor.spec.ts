import { beforeEach, describe, expect, it } from '@jest/globals';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorContext } from '../../engine/factors/factor-context.js';
import type { MfaFactorAuthenticator } from '../../engine/factors/mfa-factor.js';
import { DeliveredCodeFactor } from './delivered-code.factor.js';

interface Sent {
  channel: string;
  to: string;
  code: string;
  ttlSeconds: number;
  limit: { messages: number; windowSeconds: number };
}

const NOW = Date.UTC(2026, 0, 1);
const OPTIONS = { digits: 6, ttlSeconds: 300, maxMessages: 4, windowSeconds: 900 };

/** Sends codes to the pager in the user's record. */
class PagerFactor extends DeliveredCodeFactor {
  protected readonly channel = 'pager';
  protected readonly missing = 'no pager';
  readonly sent: Sent[] = [];
  accepted = true;

  protected override get mfa(): MfaFactorContext {
    return {
      clock: { now: () => NOW },
      send: (_user: MfaUser, message: Sent) => {
        this.sent.push(message);
        return Promise.resolve({ nextAt: new Date(NOW + 1) });
      },
      hash: (...fields: string[]) => fields.join('|'),
      isHashOf: (hash: string, ...fields: string[]) => hash === fields.join('|'),
    } as unknown as MfaFactorContext;
  }

  protected destinationOf({ pager }: MfaUser & { pager?: string }): string | null {
    return pager ?? null;
  }

  protected mask(destination: string): string {
    return `*${destination.slice(-1)}`;
  }

  protected override accepts(): Promise<boolean> {
    return Promise.resolve(this.accepted);
  }
}

const ADA = { id: 'ada', pager: '17' } as MfaUser;
const MOVED = { id: 'ada', pager: '18' } as MfaUser;
const BARE = { id: 'ada' } as MfaUser;
const AUTHENTICATOR = { id: 'a', data: '{"to":"17"}' } as MfaFactorAuthenticator;
const IN = { sessionId: 's', body: {} };

describe('a factor whose codes are sent', () => {
  let factor: PagerFactor;
  beforeEach(() => {
    factor = new PagerFactor(OPTIONS);
  });
  const code = () => factor.sent.at(-1)?.code ?? '';

  it('sends a code of so many digits, with its limits', async () => {
    const begun = await factor.begin({ user: ADA, ...IN });
    expect(factor.sent).toEqual([
      {
        channel: 'pager',
        to: '17',
        code: expect.stringMatching(/^\d{6}$/),
        ttlSeconds: 300,
        limit: { messages: 4, windowSeconds: 900 },
      },
    ]);
    const expiresAt = new Date(NOW + 300_000);
    expect(begun).toMatchObject({ expiresAt, answer: { destination: '*7', expiresAt } });
    // The code itself is not stored.
    expect(JSON.parse(begun.data)).toEqual({ to: '17', hash: `pager|enrollment|ada|s|17|${code()}` });
  });

  it('pads codes, so that all are as long', async () => {
    for (let time = 0; time < 60; time += 1) {
      await factor.begin({ user: ADA, ...IN });
      expect(code()).toHaveLength(6);
    }
  });

  it('hands on a sender of its own', async () => {
    const sendMessage = () => undefined;
    const own = new PagerFactor({ ...OPTIONS, sendMessage });
    await own.begin({ user: ADA, ...IN });
    expect(own.sent[0]).toHaveProperty('send', sendMessage);
    expect([own.needsSender(), factor.needsSender()]).toEqual([false, true]);
  });

  it('is set up by the code that was sent, while the record says the same', async () => {
    const { data } = await factor.begin({ user: ADA, ...IN });
    expect(factor.activate(code(), { data }, { user: ADA, ...IN })).toEqual({ data: '{"to":"17"}' });
    expect(factor.activate(code(), { data }, { user: MOVED, ...IN })).toBe('wrong');
    expect(factor.activate(code(), { data }, { user: BARE, ...IN })).toBe('wrong');
    expect(factor.activate(code(), { data }, { user: ADA, ...IN, sessionId: 't' })).toBe('wrong');
    expect(factor.activate(code(), { data }, { user: { ...ADA, id: 'bob' }, ...IN })).toBe('wrong');
    expect(factor.activate('x', { data }, { user: ADA, ...IN })).toBe('wrong');
  });

  it.each(['begin', 'challenge'] as const)('sends nothing where nothing may go: %s', async (method) => {
    const ask = (user: MfaUser) => factor[method]({ user, ...IN, authenticator: AUTHENTICATOR });
    const refusal = { code: method === 'begin' ? 'invalid_request' : 'not_found' };
    await expect(ask(BARE)).rejects.toMatchObject(refusal);
    factor.accepted = false;
    await expect(ask(ADA)).rejects.toMatchObject(refusal);
    expect(factor.sent).toEqual([]);
  });

  it('sends no challenge to another destination than the one that was proven', async () => {
    await expect(
      factor.challenge({ user: MOVED, ...IN, authenticator: AUTHENTICATOR }),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(factor.sent).toEqual([]);
  });

  describe('with a challenge', () => {
    let challenge: { data: string };
    beforeEach(async () => {
      const begun = await factor.challenge({ user: ADA, ...IN, authenticator: AUTHENTICATOR });
      expect(begun.answer).toEqual({
        destination: '*7',
        expiresAt: new Date(NOW + 300_000),
        nextAt: new Date(NOW + 1),
      });
      challenge = { data: begun.data };
    });

    const verify = (
      typed: string,
      { user = ADA, ...rest }: Partial<Parameters<PagerFactor['verify']>[1]> = {},
    ) => factor.verify(typed, { user, ...IN, authenticator: AUTHENTICATOR, challenge, ...rest });
    const wrong = () => String((Number(code()) + 1) % 1_000_000).padStart(6, '0');

    it('takes the code, and finds another one wrong', () => {
      expect(verify(code())).toEqual({});
      expect(verify(wrong())).toBe('wrong');
    });

    it.each([
      ['letters among digits', () => `a${code().slice(1)}`],
      ['letters behind them', () => `${code().slice(1)}a`],
      ['a digit more', () => `${code()}1`],
      ['a digit less', () => code().slice(1)],
      ['nothing', () => ''],
    ])('leaves to other factors what can be no code of it: %s', (_, typed) => {
      expect(verify(typed())).toBe('not_applicable');
    });

    it('is nobody’s business without a challenge, or when the record has changed', () => {
      expect(verify(code(), { challenge: null })).toBe('not_applicable');
      expect(verify(code(), { user: MOVED })).toBe('not_applicable');
      expect(verify(code(), { user: BARE })).toBe('not_applicable');
    });

    it('is of its session and its user', () => {
      expect(verify(code(), { sessionId: 't' })).toBe('wrong');
      expect(verify(code(), { user: { ...ADA, id: 'bob' } })).toBe('wrong');
    });

    it('takes no code that was sent to set it up', async () => {
      await factor.begin({ user: ADA, ...IN });
      expect(verify(code())).toBe('wrong');
    });
  });

  it('is offered to whose record has a destination, and works while that is the same', () => {
    expect([ADA, MOVED, BARE].map((user) => factor.isOffered(user))).toEqual([true, true, false]);
    expect([ADA, MOVED, BARE].map((user) => factor.isUsable(user, AUTHENTICATOR))).toEqual([
      true,
      false,
      false,
    ]);
    expect(factor.describe(AUTHENTICATOR)).toEqual({ destination: '*7' });
  });
});
