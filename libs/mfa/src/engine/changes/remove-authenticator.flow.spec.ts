/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { registerFactorType } from '../../core/policy/methods.js';
import type { AuthenticationRecord, MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { newAuthenticator } from '../rows/authenticator.entity.js';
import { MfaRequest } from '../rows/mfa-request.js';
import type { ChangeOrigin, PlannedChange } from './factor-change.js';
import { RemoveAuthenticatorFlow } from './remove-authenticator.flow.js';

const NOW = 1_800_000_000_000;
const ADA = { id: 'ada' };
const context = new MfaRequest({}, { user: ADA });

/** A factor of the application's own that stands in for a lost one. */
const PAPER = 'paper' as MfaType;
registerFactorType({ type: PAPER, role: 'backup' });

const row = (id: string, type: MfaType, changed: Partial<Authenticator> = {}) =>
  newAuthenticator({ id, userId: 'ada', type, name: `The ${id}`, createdAt: new Date(NOW), ...changed });
const APP = row('app', 'totp');
const KEY = row('key', 'webauthn');
const PASSKEY = row('passkey', 'webauthn', { role: 'passwordless' });
const CODES = row('codes', 'recovery_codes');
const SHEET = row('sheet', PAPER);

const PASSWORD: AuthenticationRecord = { method: 'pwd', at: NOW };
const proof = (method: string, authenticatorId: string) =>
  ({ method, at: NOW, authenticatorId }) as AuthenticationRecord;

interface World {
  authenticators?: Authenticator[];
  /** What the session of the request has proven; without, there is no session. */
  proofs?: AuthenticationRecord[];
  /** The ids of those that the adapter keeps. */
  kept?: string[];
  isRequired?: boolean;
  hasBackup?: boolean;
}

/** A flow, with what it has asked and planned. */
function prepare({ authenticators = [], proofs, kept = [], isRequired = false, hasBackup = true }: World) {
  const seen = {
    origins: [] as ChangeOrigin[],
    plans: [] as PlannedChange<void>[],
    asked: [] as unknown[],
    required: [] as unknown[],
  };
  const session = proofs ? { id: 'current', methods: proofs } : null;
  const flow = new RemoveAuthenticatorFlow(
    {
      run: async (
        _: MfaUser,
        origin: ChangeOrigin,
        plan: (state: object) => Promise<PlannedChange<void>>,
      ) => {
        seen.origins.push(origin);
        const planned = await plan({ userId: 'ada', authenticators, session });
        seen.plans.push(planned);
        return planned.result;
      },
    } as never,
    hasBackup ? ({ planRemoval: (userId: string) => [{ codesOf: userId }] } as never) : null,
    {
      planEndingOthers: (userId: string, except: string) => ({ ends: userId, except }),
      planRecords: ({ id }: { id: string }, records: AuthenticationRecord[]) => ({ session: id, records }),
    } as never,
    {
      planRemoval: (userId: string, removed: Authenticator[], all: Authenticator[]) => [
        { removes: removed.map(({ id }) => id), of: all.map(({ id }) => id), userId },
      ],
    } as never,
    {
      canDeleteAuthenticator: ({ id }: Authenticator, by: object) => {
        seen.asked.push([id, by]);
        return Promise.resolve(!kept.includes(id));
      },
      isMfaRequired: (user: MfaUser, of: object) => {
        seen.required.push([user, of]);
        return Promise.resolve(isRequired);
      },
    } as never,
  );
  return { flow, seen };
}

/** Removes the authenticator with that id, and says what was planned. */
async function remove(id: string, world: World) {
  const { flow, seen } = prepare(world);
  await flow.remove(ADA, id, context);
  const [planned] = seen.plans;
  if (!planned) throw new Error('Nothing was planned');
  return { ...planned, ...seen };
}

const removal = (removed: Authenticator[], all: Authenticator[]) => ({
  removes: removed.map(({ id }) => id),
  of: all.map(({ id }) => id),
  userId: 'ada',
});
const removedEvent = ({ id, type, name }: Authenticator, isLast: boolean) => ({
  type: 'mfa.authenticator.removed',
  data: { authenticator: { id, type, name }, isLast },
});
const endedEvent = (scope: 'others' | 'all') => ({
  type: 'mfa.session.ended',
  data: { scope, reason: 'factors_changed' },
});
const CODES_GO = { codesOf: 'ada' };
const ALL_END = { ends: 'ada', except: '' };

describe('an authenticator that its owner removes', () => {
  it('goes by itself next to another second factor, and ends the other sessions', async () => {
    const authenticators = [APP, KEY, CODES, SHEET];
    const { writes, events, onLost, asked, origins } = await remove('app', { authenticators });
    expect(writes).toEqual([removal([APP], authenticators), ALL_END]);
    expect(events).toEqual([removedEvent(APP, false), endedEvent('all')]);
    expect(onLost).toEqual({ removal: 'not_found' });
    expect(asked).toEqual([['app', { by: 'user' }]]);
    expect(origins).toEqual([{ context }]);
  });

  it.each([
    ['the last one', [APP, CODES, SHEET], ['app', 'codes', 'sheet']],
    ['the last one next to a passkey for convenience', [APP, PASSKEY, SHEET], ['app', 'sheet']],
  ])('takes along what stands in for it, if it is %s', async (_, authenticators, ids) => {
    const { writes, events, asked } = await remove('app', { authenticators });
    expect(writes).toEqual([removal([APP, SHEET], authenticators), CODES_GO, ALL_END]);
    expect(events).toEqual([removedEvent(APP, true), removedEvent(SHEET, false), endedEvent('all')]);
    expect(asked).toEqual(ids.map((id) => [id, { by: 'user' }]));
  });

  it('takes nothing else along where there are no recovery codes', async () => {
    const { writes } = await remove('app', { authenticators: [APP], hasBackup: false });
    expect(writes).toEqual([removal([APP], [APP]), ALL_END]);
  });

  it('takes nothing along as a passkey for convenience, even if there is no second factor', async () => {
    const authenticators = [PASSKEY, SHEET];
    const { writes, events } = await remove('passkey', { authenticators });
    expect(writes).toEqual([removal([PASSKEY], authenticators), ALL_END]);
    expect(events).toEqual([removedEvent(PASSKEY, false), endedEvent('all')]);
  });

  it('ends no session if it only stands in for a second factor', async () => {
    const authenticators = [APP, CODES, SHEET];
    const sheet = await remove('sheet', { authenticators });
    expect(sheet.writes).toEqual([removal([SHEET], authenticators)]);
    expect(sheet.events).toEqual([removedEvent(SHEET, false)]);
    const codes = await remove('codes', { authenticators });
    expect(codes.writes).toEqual([removal([CODES], authenticators), CODES_GO]);
    expect(codes.events).toEqual([removedEvent(CODES, false)]);
  });

  it('goes once if it stands in for a second factor that is gone', async () => {
    const authenticators = [PASSKEY, SHEET];
    const { writes, asked } = await remove('sheet', { authenticators });
    expect(writes).toEqual([removal([SHEET], authenticators), CODES_GO]);
    expect(asked).toEqual([['sheet', { by: 'user' }]]);
  });

  it.each([
    ['it', 'app'],
    ['what goes along with it', 'sheet'],
  ])('stays if the adapter keeps %s', async (_, kept) => {
    const world = { authenticators: [APP, SHEET], kept: [kept] };
    await expect(remove('app', world)).rejects.toMatchObject({ code: 'cannot_delete_authenticator' });
  });

  it('is not found if there is none with that id', async () => {
    await expect(remove('gone', { authenticators: [APP] })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('stays as the last second factor of a user who must have one', async () => {
    const world = { authenticators: [APP, CODES], isRequired: true };
    await expect(remove('app', world)).rejects.toMatchObject({ code: 'cannot_delete_authenticator' });
    await expect(remove('codes', world)).resolves.toMatchObject({ required: [] });
    const { flow, seen } = prepare(world);
    await expect(flow.remove(ADA, 'app', context)).rejects.toThrow();
    expect(seen).toMatchObject({ required: [[ADA, context]], plans: [] });
  });
});

describe('the session in which an authenticator is removed', () => {
  const recordsAfter = async (id: string, world: World) => {
    const { writes } = await remove(id, world);
    return (writes.at(-1) as unknown as { records: AuthenticationRecord[] }).records;
  };

  it('goes on without what that one has proven', async () => {
    const proofs = [
      PASSWORD,
      proof('totp', 'app'),
      proof('webauthn', 'key'),
      proof('recovery_code', 'codes'),
    ];
    const authenticators = [APP, KEY, CODES];
    const { writes, events } = await remove('app', { authenticators, proofs });
    expect(writes.slice(1)).toEqual([
      { ends: 'ada', except: 'current' },
      { session: 'current', records: [PASSWORD, ...proofs.slice(2)] },
    ]);
    expect(events).toEqual([removedEvent(APP, false), endedEvent('others')]);
  });

  it('keeps what another one of the same type has proven', async () => {
    const proofs = [PASSWORD, proof('totp', 'other')];
    const authenticators = [APP, row('other', 'totp')];
    expect(await recordsAfter('app', { authenticators, proofs })).toEqual(proofs);
  });

  it('loses every second factor, and the trust that stood in for it, with the last one', async () => {
    const device = proof('trusted_device', 'browser');
    const proofs = [PASSWORD, proof('recovery_code', 'codes'), proof('webauthn', 'passkey'), device];
    const authenticators = [APP, PASSKEY, CODES];
    expect(await recordsAfter('app', { authenticators, proofs })).toEqual([PASSWORD]);
  });

  it('loses what former recovery codes have proven with the present ones', async () => {
    const proofs = [PASSWORD, proof('recovery_code', 'former codes'), proof('totp', 'app')];
    const authenticators = [APP, CODES];
    expect(await recordsAfter('codes', { authenticators, proofs })).toEqual([PASSWORD, proofs[2]]);
  });
});

describe('whether an authenticator is needed', () => {
  const isNeeded = async (id: string, authenticators: Authenticator[], given?: object) => {
    const { flow, seen } = prepare({ isRequired: true });
    const answer = await flow.isNeeded(ADA, id, authenticators, given);
    return { answer, required: seen.required };
  };

  it('is asked for the last second factor only', async () => {
    const asked = { answer: true, required: [[ADA, {}]] };
    const not = { answer: false, required: [] };
    expect(await isNeeded('app', [APP])).toEqual(asked);
    expect(await isNeeded('app', [PASSKEY, CODES, APP])).toEqual(asked);
    expect(await isNeeded('app', [APP, KEY])).toEqual(not);
    expect(await isNeeded('passkey', [PASSKEY, APP])).toEqual(not);
    expect(await isNeeded('app', [])).toEqual(not);
  });

  it('is asked with what prompts the question', async () => {
    const request = {};
    expect((await isNeeded('app', [APP], { request })).required).toEqual([[ADA, { request }]]);
  });
});
