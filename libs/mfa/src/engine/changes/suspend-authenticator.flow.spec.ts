import { describe, expect, it } from '@jest/globals';

import type { MfaSuspensionContext } from '../../adapter/hook-contexts.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../rows/mfa-request.js';
import type { ChangeOrigin, PlannedChange } from './factor-change.js';
import type { SuspensionOrigin } from './suspend-authenticator.flow.js';
import { SuspendAuthenticatorFlow } from './suspend-authenticator.flow.js';

const NOW = 1_800_000_000_000;
const AT = new Date(NOW);
const ADA = { id: 'ada' };
const context = new MfaRequest({}, { user: ADA });
const OWNER: SuspensionOrigin = { by: 'user', context };
const source = { ...APPLICATION_SOURCE, actor: { type: 'admin', id: 'support' } } as const;
const ADMIN: SuspensionOrigin = { by: 'admin', source };

const row = (id: string, changed: Partial<Authenticator> = {}) =>
  newAuthenticator({ id, userId: 'ada', type: 'totp', name: `The ${id}`, createdAt: AT, ...changed });
const APP = row('app');
const SUSPENDED = row('app', { suspendedAt: new Date(NOW - 1000) });
const KEY = row('key', { type: 'webauthn' });
const CODES = row('codes', { type: 'recovery_codes' });

interface World {
  authenticators?: Authenticator[];
  /** What the session of the request has proven; without, there is no session. */
  proofs?: AuthenticationRecord[];
  /** Which of the others work. */
  usable?: string[];
  /** Whether the adapter lets it be suspended. */
  allows?: boolean;
}

/** Suspends or resumes the authenticator with that id, and says what was planned. */
async function act(
  action: 'suspend' | 'resume',
  id: string,
  origin: SuspensionOrigin,
  { authenticators = [APP, KEY, CODES], proofs, usable = ['totp'], allows = true }: World = {},
) {
  const seen = {
    origins: [] as ChangeOrigin[],
    plans: [] as PlannedChange<Authenticator>[],
    asked: [] as unknown[],
    others: [] as unknown[],
  };
  const session = proofs ? { id: 'current', methods: proofs } : null;
  const run = async (
    _: MfaUser,
    of: ChangeOrigin,
    plan: (state: object) => Promise<PlannedChange<Authenticator>>,
  ) => {
    seen.origins.push(of);
    const planned = await plan({ userId: 'ada', authenticators, session });
    seen.plans.push(planned);
    return planned.result;
  };
  const flow = new SuspendAuthenticatorFlow(
    { run } as never,
    { claimSuspension: (one: Authenticator, since: Date | null) => ({ suspends: one.id, since }) } as never,
    {
      planEndingOthers: (userId: string, except: string) => ({ ends: userId, except }),
      planRecords: (of: { id: string }, records: AuthenticationRecord[]) => ({ session: of.id, records }),
    } as never,
    {
      usableTypes: ({ id: userId }: MfaUser, others: Authenticator[]) => {
        seen.others.push([userId, others.map((one) => one.id)]);
        return Promise.resolve(usable);
      },
    } as never,
    {
      canSuspendAuthenticator: (one: Authenticator, of: MfaSuspensionContext) => {
        seen.asked.push([one.id, of]);
        return Promise.resolve(allows);
      },
    } as never,
    { now: () => NOW },
  );
  const result = await flow[action](ADA, id, origin);
  const [planned] = seen.plans;
  if (!planned) throw new Error('Nothing was planned');
  return { ...planned, ...seen, result };
}

const changed = (what: 'suspended' | 'resumed', more: object, { id, type, name } = APP) => ({
  type: `mfa.authenticator.${what}`,
  data: { authenticator: { id, type, name }, ...more },
});
const ended = (scope: 'others' | 'all', reason: string) => ({
  type: 'mfa.session.ended',
  data: { scope, reason },
});
const claim = (since: Date | null) => ({ claim: 'plan', query: { suspends: 'app', since } });

describe('an authenticator that is suspended', () => {
  it('by its owner verifies nothing, and the other sessions end and forget it', async () => {
    const password = { method: 'pwd', at: NOW } as const;
    const ofKey = { method: 'webauthn', at: NOW, authenticatorId: 'key' } as const;
    const ofApp = { method: 'totp', at: NOW, authenticatorId: 'app' } as const;
    const planned = await act('suspend', 'app', OWNER, { proofs: [password, ofApp, ofKey] });
    expect(planned.writes).toEqual([
      claim(AT),
      { ends: 'ada', except: 'current' },
      { session: 'current', records: [password, ofKey] },
    ]);
    expect(planned.events).toEqual([
      changed('suspended', { by: 'user' }),
      ended('others', 'factors_changed'),
    ]);
    expect(planned.keepsFactors ?? false).toBe(false);
    expect(planned.origins).toEqual([{ context, purpose: 'reporting' }]);
  });

  it('is shown as it is then, and what was read stays as it was', async () => {
    const { result } = await act('suspend', 'app', OWNER);
    expect(result).toEqual({ ...APP, suspendedAt: AT });
    expect(result).toBeInstanceOf(Authenticator);
    expect(APP.suspendedAt).toBeNull();
  });

  it('by an administrator ends all sessions, with the reason if there is one', async () => {
    const planned = await act('suspend', 'app', { ...ADMIN, reason: 'stolen' });
    expect(planned.writes).toEqual([claim(AT), { ends: 'ada', except: '' }]);
    expect(planned.events).toEqual([
      changed('suspended', { by: 'admin', reason: 'stolen' }),
      ended('all', 'admin'),
    ]);
    expect(planned.origins).toEqual([{ source }]);
    const { events } = await act('suspend', 'app', ADMIN);
    expect(events[0]?.data).not.toHaveProperty('reason');
  });

  it('is so once', async () => {
    const planned = await act('suspend', 'app', OWNER, { authenticators: [SUSPENDED], allows: false });
    expect(planned).toMatchObject({ keepsFactors: true, writes: [], events: [], asked: [] });
    expect(planned.result).toBe(SUSPENDED);
  });

  it.each([
    [['totp'], false],
    [[], true],
  ])('is the last one if of the others %j work: %p', async (usable, isLast) => {
    const { asked, others } = await act('suspend', 'app', OWNER, { usable });
    expect(others).toEqual([['ada', ['key', 'codes']]]);
    expect(asked).toEqual([['app', { by: 'user', isLast }]]);
  });

  it.each([OWNER, ADMIN])('stays as it is if the adapter says so to $by', async (origin) => {
    await expect(act('suspend', 'app', origin, { allows: false })).rejects.toMatchObject({
      code: 'cannot_suspend_authenticator',
    });
  });

  it('is no set of recovery codes, unless an administrator says so', async () => {
    await expect(act('suspend', 'codes', OWNER)).rejects.toMatchObject({
      code: 'cannot_suspend_authenticator',
    });
    const { events } = await act('suspend', 'codes', ADMIN);
    expect(events[0]).toEqual(changed('suspended', { by: 'admin' }, CODES));
  });

  it('is not found if there is none with that id', async () => {
    await expect(act('suspend', 'gone', OWNER)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('an authenticator that is resumed', () => {
  const world = { authenticators: [KEY, SUSPENDED] };

  it('by its owner needs a recent proof, and verifies again', async () => {
    const planned = await act('resume', 'app', OWNER, world);
    expect(planned).toMatchObject({ keepsFactors: true, writes: [claim(null)] });
    expect(planned.events).toEqual([changed('resumed', { by: 'user' })]);
    expect(planned.origins).toEqual([{ context, purpose: 'change' }]);
    expect(planned.result).toEqual(APP);
  });

  it('by an administrator may have a reason', async () => {
    const { events, origins } = await act('resume', 'app', { ...ADMIN, reason: 'found' }, world);
    expect(events).toEqual([changed('resumed', { by: 'admin', reason: 'found' })]);
    expect(origins).toEqual([{ source }]);
  });

  it('is left alone if it is not suspended', async () => {
    const planned = await act('resume', 'app', OWNER);
    expect(planned).toMatchObject({ keepsFactors: true, writes: [], events: [] });
    expect(planned.result).toBe(APP);
  });

  it('is not found if there is none with that id', async () => {
    await expect(act('resume', 'gone', OWNER, world)).rejects.toMatchObject({ code: 'not_found' });
  });
});
