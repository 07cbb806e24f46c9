import { describe, expect, it } from '@jest/globals';

import { createToken, hashToken } from '../core/crypto/tokens.js';
import type { AuthenticationMethod } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import type { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { TrustFlow } from './trust.flow.js';

const NOW = 1_800_000_000_000;
const USER = { id: 'ada' };
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0';
const IP = '192.0.2.1';

const [present, former, older] = [createToken(), createToken(), createToken()];

/** A browser whose trust was used a minute ago. */
const device = (changed: Partial<TrustedDevice> = {}): TrustedDevice => ({
  id: 'device-1',
  userId: USER.id,
  tokenHash: hashToken(present),
  formerTokenHash: hashToken(former),
  olderTokens: hashToken(older).slice(0, 16),
  userAgent: AGENT,
  ip: IP,
  createdAt: new Date(NOW - 3_600_000),
  lastUsedAt: new Date(NOW - 60_000),
  expiresAt: new Date(NOW + 3_600_000),
  seal: null,
  ...changed,
});

interface World {
  devices?: TrustedDevice[];
  sessions?: object[];
  /** Whether each attempted revocation is committed or loses to a faster request; further ones are committed. */
  wins?: boolean[];
  /** The devices found after a lost one. */
  after?: TrustedDevice[];
  held?: string[];
  options?: object;
}

/** Trust requested by a browser that holds these tokens. */
function trustOf({
  devices = [device()],
  sessions = [],
  wins = [],
  after,
  held = [present],
  options,
}: World) {
  const seen = {
    commits: [] as { writes: unknown[]; events: NewMfaEvent[] }[],
    told: [] as NewMfaEvent[],
    cookies: [] as unknown[],
    /** Whose sessions were looked for, and of which browser. */
    asked: [] as unknown[],
    reads: 0,
  };
  let current = devices;
  const flow = new TrustFlow(
    {
      find: () => {
        seen.reads += 1;
        return Promise.resolve(current);
      },
      planInsertion: (one: TrustedDevice) => [{ inserts: one }],
      claimUse: ({ id }: TrustedDevice, next: object) => ({ uses: id, next }),
      claimRevocation: ({ id }: TrustedDevice) => ({ revokes: id }),
    } as never,
    {
      read: () => held,
      write: (_request: object, _response: object, token: string, replaced: string | null) =>
        seen.cookies.push({ token, replaced }),
    } as never,
    {
      listStartedFrom: ({ id }: MfaUser, deviceId: string) => {
        seen.asked.push([id, deviceId]);
        return Promise.resolve(sessions);
      },
      planEndingThese: (_userId: string, ended: { id: string }[]) => ({ ends: ended.map(({ id }) => id) }),
    } as never,
    {
      commit: (writes: unknown[], { events }: { events: NewMfaEvent[] }) => {
        seen.commits.push({ writes, events });
        const committed = wins.shift() ?? true;
        if (!committed && after) current = after;
        return Promise.resolve({ committed });
      },
    } as never,
    { tellOnce: (_user: object, _source: object, event: NewMfaEvent) => seen.told.push(event) } as never,
    { trustedDevices: { enabled: true, afterRecoveryCode: false, ttlSeconds: 60, ...options } } as never,
    { now: () => NOW },
  );
  return { flow, seen };
}

const from = ({ ip = IP, agent = AGENT } = {}) => ({ ip, headers: { 'user-agent': agent } });

const recognize = async (world: World, request = from()) => {
  const { flow, seen } = trustOf(world);
  return { browser: await flow.recognize(USER, request), ...seen };
};

describe('trust that is given', () => {
  it('is kept as a hash, for as long as the option says, and handed out when all is done', () => {
    const { flow, seen } = trustOf({});
    const planned = flow.plan(USER, 'totp', from());
    const [{ inserts }] = planned?.writes as unknown as [{ inserts: TrustedDevice }];
    expect(inserts).toMatchObject({
      userId: 'ada',
      formerTokenHash: null,
      olderTokens: null,
      userAgent: AGENT,
      ip: IP,
      createdAt: new Date(NOW),
      lastUsedAt: null,
      expiresAt: new Date(NOW + 60_000),
    });
    expect(planned?.events).toEqual([{ type: 'mfa.trusted_device.added', data: { deviceId: inserts.id } }]);
    expect(seen.cookies).toEqual([]);
    planned?.giveCookie({});
    const [{ token, replaced }] = seen.cookies as [{ token: string; replaced: null }];
    expect([hashToken(token), replaced]).toEqual([inserts.tokenHash, null]);
  });

  it.each<[string, object, AuthenticationMethod, boolean]>([
    ['a code of an app', {}, 'totp', true],
    ['a recovery code', {}, 'recovery_code', false],
    ['a recovery code, where that is enough', { afterRecoveryCode: true }, 'recovery_code', true],
    ['a code of an app, where no browser is trusted', { enabled: false }, 'totp', false],
    ['any code, where no browser is trusted', { enabled: false, afterRecoveryCode: true }, 'totp', false],
  ])('follows %s, or not', (_, options, method, isGiven) => {
    expect(trustOf({ options }).flow.plan(USER, method, from()) !== null).toBe(isGiven);
  });
});

describe('a browser that is trusted', () => {
  it('is recognised by its token, which is replaced', async () => {
    const { browser, commits, cookies } = await recognize({});
    expect(browser?.record).toEqual({ method: 'trusted_device', at: NOW, authenticatorId: 'device-1' });
    expect(browser?.events).toEqual([{ type: 'mfa.trusted_device.used', data: { deviceId: 'device-1' } }]);
    browser?.giveCookie({});
    const [{ token, replaced }] = cookies as [{ token: string; replaced: string }];
    expect(replaced).toBe(present);
    expect(browser?.writes).toEqual([
      {
        uses: 'device-1',
        next: { tokenHash: hashToken(token), lastUsedAt: new Date(NOW), ip: IP, userAgent: AGENT },
      },
    ]);
    expect(commits).toEqual([]);
  });

  it('is recognised elsewhere, and after an update', async () => {
    const { browser } = await recognize({}, from({ ip: '198.51.100.7', agent: AGENT.replace('150', '151') }));
    expect(browser).not.toBeNull();
  });

  it('is recognised among others of its user, and beside the tokens of other users', async () => {
    const other = device({ id: 'device-2', tokenHash: hashToken(createToken()), formerTokenHash: null });
    const { browser } = await recognize({ devices: [other, device()], held: [createToken(), present] });
    expect(browser?.record.authenticatorId).toBe('device-1');
  });

  it('is nobody’s with a token that is not known, with another kind of browser, and while the option is off', async () => {
    expect((await recognize({ held: [createToken()] })).browser).toBeNull();
    const copied = await recognize({}, from({ agent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/150.0' }));
    expect(copied.browser).toBeNull();
    expect(copied.told).toEqual([
      { type: 'mfa.trusted_device.refused', data: { deviceId: 'device-1', reason: 'other_browser' } },
    ]);
    expect((await recognize({ options: { enabled: false } })).browser).toBeNull();
  });

  it('is nobody’s while the clock is set back to before it was trusted', async () => {
    const devices = [device({ createdAt: new Date(NOW + 60_000) })];
    expect((await recognize({ devices })).browser).toBeNull();
  });

  it('is nobody’s once it is used up, but the browser’s next one is', async () => {
    const olderTokens = Array(100).fill(hashToken(older).slice(0, 16)).join('.');
    const usedUp = device({ olderTokens });
    const { browser, commits, told } = await recognize({ devices: [usedUp] });
    expect([browser, commits, told]).toEqual([null, [], []]);
    const next = createToken();
    const world = {
      devices: [usedUp, device({ id: 'next', tokenHash: hashToken(next) })],
      held: [present, next],
    };
    expect((await recognize(world)).browser?.record.authenticatorId).toBe('next');
    // Whoever comes with an older token of it is found out all the same.
    expect((await recognize({ devices: [usedUp], held: [former] })).commits).toHaveLength(1);
  });

  it('costs no read without a token, nor while the option is off', async () => {
    expect((await recognize({ held: [] })).reads).toBe(0);
    expect((await recognize({ options: { enabled: false } })).reads).toBe(0);
    expect((await recognize({})).reads).toBe(1);
  });
});

describe('a token that was replaced', () => {
  const again = (changed: Partial<TrustedDevice>, request = from(), held = [former]) =>
    recognize({ devices: [device(changed)], held }, request);
  const REVOKED = { writes: [{ revokes: 'device-1' }], events: expect.any(Array) };

  it.each<[string, Parameters<typeof again>]>([
    ['comes at once', [{ lastUsedAt: new Date(NOW) }]],
    ['comes later', [{ lastUsedAt: new Date(NOW - 10_001) }]],
    ['comes from another address', [{}, from({ ip: '198.51.100.7' })]],
    ['comes from another browser', [{}, from({ agent: `${AGENT}1` })]],
    ['was replaced long ago', [{}, from(), [older]]],
    ['comes though nothing was ever used', [{ lastUsedAt: null }]],
    ['comes beside the present one', [{}, from(), [former, present]]],
  ])('voids the trust when it %s', async (_, reuse) => {
    const { browser, commits } = await again(...reuse);
    expect([browser, commits]).toEqual([null, [REVOKED]]);
  });

  it('takes the sessions along that came of the trust, and no others', async () => {
    const { commits, asked } = await recognize({ held: [former], sessions: [{ id: 'mine' }] });
    expect(asked).toEqual([['ada', 'device-1']]);
    expect(commits).toEqual([
      {
        writes: [{ revokes: 'device-1' }, { ends: ['mine'] }],
        events: [
          { type: 'mfa.trusted_device.revoked', data: { deviceId: 'device-1', reason: 'reused' } },
          { type: 'mfa.session.ended', data: { scope: 'device', reason: 'trust_reused' } },
        ],
      },
    ]);
  });

  it('ends no session where none came of it', async () => {
    const { commits } = await recognize({ held: [former] });
    expect(commits).toEqual([
      {
        writes: [{ revokes: 'device-1' }],
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: 'device-1', reason: 'reused' } }],
      },
    ]);
  });

  it('leaves the trust in other browsers as it is', async () => {
    const other = device({ id: 'device-2', formerTokenHash: null, olderTokens: null });
    const { browser, commits } = await recognize({
      devices: [device({ tokenHash: 'x' }), other],
      held: [former, present],
    });
    expect(browser?.record.authenticatorId).toBe('device-2');
    expect(commits).toEqual([REVOKED]);
  });

  it('is tried again when somebody was faster, until the trust is gone', async () => {
    const tries = async (world: World) => (await recognize({ held: [former], ...world })).commits.length;
    expect(await tries({ wins: [false] })).toBe(2);
    const other = device({ id: 'device-2' });
    expect(await tries({ wins: [false], after: [] })).toBe(1);
    expect(await tries({ wins: [false], after: [other] })).toBe(1);
    expect(await tries({ wins: [false, false], after: [other, device()] })).toBe(3);
    expect(await tries({ wins: Array(9).fill(false) as boolean[] })).toBe(10);
  });

  it('lets nobody in when the trust can’t be revoked', async () => {
    const { flow, seen } = trustOf({ held: [former], wins: Array(10).fill(false) as boolean[] });
    await expect(flow.recognize(USER, from())).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(seen.commits).toHaveLength(10);
  });
});

describe('whether a browser is trusted', () => {
  const isTrusted = (world: World, request = from()) => trustOf(world).flow.isTrusted(USER, request);

  it('is known by its present token alone, in its own kind of browser', async () => {
    const other = device({ id: 'device-2', tokenHash: hashToken(createToken()) });
    expect(await isTrusted({ devices: [other, device()] })).toBe(true);
    expect(await isTrusted({ held: [former] })).toBe(false);
    expect(await isTrusted({ held: [createToken()] })).toBe(false);
    expect(await isTrusted({}, from({ agent: 'curl/8' }))).toBe(false);
    expect(await isTrusted({ devices: [] })).toBe(false);
    expect(await isTrusted({ devices: [device({ createdAt: new Date(NOW + 60_000) })] })).toBe(false);
    expect(await isTrusted({ devices: [device({ olderTokens: Array(100).fill('a').join('.') })] })).toBe(
      false,
    );
  });

  it('is no question without a token, or while the option is off', async () => {
    for (const world of [{ held: [] }, { options: { enabled: false } }]) {
      const { flow, seen } = trustOf(world);
      expect([await flow.isTrusted(USER, from()), seen.reads]).toEqual([false, 0]);
    }
  });

  it('uses no token up', async () => {
    const { flow, seen } = trustOf({});
    await flow.isTrusted(USER, from());
    expect([seen.commits, seen.cookies]).toEqual([[], []]);
  });
});
