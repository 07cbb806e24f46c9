import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import { BeginSignInFlow } from './begin-sign-in.flow.js';

const USER = { id: 'ada' };
const PASSWORD: AuthenticationRecord = { method: 'pwd', at: 1 };
const AGENT = 'Firefox/150.0';

interface World {
  usesHeader?: boolean;
  /** The token of the session that the client holds. */
  former?: string | null;
  /** Whether that session still exists. */
  isThere?: boolean;
  inTransaction?: boolean;
  rememberTtlSeconds?: number;
}

/** Begins a sign-in where a session lives for an hour, or as long as the option for "remember me" says. */
function begin(
  exchange: { crossSite?: boolean; ttlSeconds?: number } = {},
  {
    usesHeader = false,
    former = null,
    isThere = true,
    inTransaction = false,
    rememberTtlSeconds = 0,
  }: World = {},
) {
  const seen = {
    compared: [] as object[],
    planned: [] as object[],
    commits: [] as { writes: unknown[]; source: object; events: object[] }[],
    counted: [] as object[],
  };
  const session = { id: 's1' };
  const flow = new BeginSignInFlow(
    {
      planCreation: (userId: string, given: object) => {
        seen.planned.push({ userId, ...given });
        return {
          issued: { session, token: 'new' },
          write: 'inserts',
          takeover: (token: string) => ({ takesOver: token }),
        };
      },
    } as never,
    {
      usesHeader: () => usesHeader,
      assertSameOrigin: (request: object) => seen.compared.push(request),
      readToken: () => Promise.resolve(former),
    } as never,
    { started: (issued: object) => Promise.resolve(seen.counted.push(issued)) } as never,
    {
      commit: (writes: unknown[], { source, events }: { source: object; events: object[] }) => {
        seen.commits.push({ writes, source, events });
        return Promise.resolve({ committed: writes[0] === 'inserts' || isThere });
      },
    } as never,
    {
      assertOutsideTransaction: () => {
        if (inTransaction) throw new Error('in a transaction');
      },
    } as never,
    { session: { ttlSeconds: 3600, rememberTtlSeconds } } as never,
  );
  const request = { ip: '192.0.2.1', headers: { 'user-agent': AGENT } };
  return { begun: flow.begin(USER, { request, response: {}, ...exchange }, PASSWORD), request, ...seen };
}

describe('a sign-in that begins', () => {
  it('makes a session of the first factor, tells of it, and counts it', async () => {
    const { begun, planned, commits, counted } = begin();
    const issued = await begun;
    expect(issued).toEqual({ session: { id: 's1' }, token: 'new' });
    const from = { actor: { type: 'user', id: 'ada' }, ip: '192.0.2.1', userAgent: AGENT, sessionId: null };
    expect(planned).toEqual([{ userId: 'ada', methods: [PASSWORD], ttlSeconds: null, from }]);
    expect(commits).toEqual([
      {
        writes: ['inserts'],
        source: { ...from, sessionId: 's1' },
        events: [{ type: 'mfa.session.started', data: { methods: ['pwd'] } }],
      },
    ]);
    expect(counted).toEqual([issued]);
  });

  it('takes the place of the session that the client holds, in one statement', async () => {
    const { begun, commits } = begin({}, { former: 'old' });
    await begun;
    expect(commits.map(({ writes }) => writes)).toEqual([[{ takesOver: 'old' }]]);
  });

  it('makes another where that one is over', async () => {
    const { begun, commits } = begin({}, { former: 'old', isThere: false });
    await begun;
    expect(commits.map(({ writes }) => writes)).toEqual([[{ takesOver: 'old' }], ['inserts']]);
  });

  it('is no part of a transaction of the application’s', async () => {
    const { begun, commits } = begin({}, { inTransaction: true });
    await expect(begun).rejects.toThrow('in a transaction');
    expect(commits).toEqual([]);
  });

  it.each<[boolean | undefined, boolean, boolean]>([
    [undefined, false, true],
    [false, false, true],
    [true, false, false],
    [undefined, true, false],
    [true, true, false],
  ])(
    'with `crossSite: %p`, and a token that the client keeps (%p), has its origin looked at: %p',
    async (crossSite, usesHeader, asks) => {
      const { begun, compared, request } = begin(crossSite === undefined ? {} : { crossSite }, {
        usesHeader,
      });
      await begun;
      expect(compared).toEqual(asks ? [request] : []);
    },
  );
});

describe('the life of a session', () => {
  it.each([
    [1, 0],
    [3600, 0],
    [3601, 86_400],
    [86_400, 86_400],
    [3600, 60],
  ])('may be %i s where %i s are allowed for "remember me"', async (ttlSeconds, rememberTtlSeconds) => {
    const { begun, planned } = begin({ ttlSeconds }, { rememberTtlSeconds });
    await begun;
    expect(planned).toMatchObject([{ ttlSeconds }]);
  });

  it.each([
    [0, 0],
    [-1, 0],
    [1.5, 0],
    [NaN, 0],
    [Infinity, 0],
    [3601, 0],
    [3601, 60],
    [86_401, 86_400],
  ])('may not be %p s where %i s are allowed for "remember me"', async (ttlSeconds, rememberTtlSeconds) => {
    const { begun, commits } = begin({ ttlSeconds }, { rememberTtlSeconds });
    await expect(begun).rejects.toThrow(`from 1 to ${Math.max(3600, rememberTtlSeconds)}`);
    expect(commits).toEqual([]);
  });
});
