import { describe, expect, it } from '@jest/globals';

import type { FactorState, PlannedChange } from '../../engine/changes/factor-change.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import { RecoveryCodesService } from './recovery-codes.service.js';

const USER = { id: 'ada' };
const NOW = new Date(1_800_000_000_000);
const SET = { id: 'set', type: 'recovery_codes', name: 'Codes' } as Authenticator;
const CONTEXT = new MfaRequest({}, { session: { id: 'session-1' } as never });
/** Only what this class looks at. */
const row = (type: string) => ({ type, role: null }) as Authenticator;
const code = (isUsed: boolean, createdAt = NOW) => ({ isUsed, createdAt });

interface World {
  rows?: Authenticator[];
  supportedTypes?: string[];
  isLost?: boolean;
  codes?: object[];
}

function prepare(world: World = {}) {
  const { rows = [row('totp')], supportedTypes = ['recovery_codes'], isLost = false, codes = [] } = world;
  const seen = {
    changes: [] as { context: unknown; planned: PlannedChange<string[]> }[],
    verified: [] as unknown[],
  };
  const service = new RecoveryCodesService(
    { find: (userId: string) => Promise.resolve(userId === 'ada' ? codes : []) } as never,
    {
      isLost: () => Promise.resolve(isLost),
      planReplacement: (_: object, count: number) =>
        Promise.resolve({ writes: ['set'], codes: Array(count).fill('code'), authenticator: SET }),
    } as never,
    { find: () => Promise.resolve(rows) } as never,
    {
      run: async (
        _: object,
        { context }: { context?: MfaRequest },
        plan: (state: FactorState) => Promise<PlannedChange<string[]>>,
      ) => {
        const session = context?.session ?? null;
        const planned = await plan({ userId: 'ada', authenticators: rows, session });
        seen.changes.push({ context, planned });
        return planned.result;
      },
    } as never,
    { planEndingOthers: (userId: string, kept: string) => `sessions of ${userId} but "${kept}"` } as never,
    {
      isRight: (...verified: unknown[]) => {
        seen.verified.push(verified);
        return Promise.resolve(true);
      },
    } as never,
    { supportedTypes, recoveryCodes: { count: 10 } } as never,
  );
  return { service, ...seen };
}

const regenerated = (count: number) => ({
  type: 'mfa.recovery_codes.regenerated',
  data: { authenticator: { id: 'set', type: 'recovery_codes', name: 'Codes' }, count },
});
const ended = (scope: string) => ({
  type: 'mfa.session.ended',
  data: { scope, reason: 'factors_changed' },
});

describe('generating recovery codes', () => {
  it('changes the set, and shows its codes', async () => {
    const { service, changes } = prepare();
    await expect(service.generate(USER, 2, CONTEXT)).resolves.toEqual(['code', 'code']);
    expect(changes).toEqual([
      {
        context: CONTEXT,
        planned: { writes: ['set'], events: [regenerated(2)], result: ['code', 'code'] },
      },
    ]);
  });

  it('makes as many as the options say, unless it is told', async () => {
    await expect(prepare().service.generate(USER)).resolves.toHaveLength(10);
    await expect(prepare().service.regenerate(USER)).resolves.toHaveLength(10);
  });

  it.each([1, 50])('makes %i', async (count) => {
    await expect(prepare().service.generate(USER, count)).resolves.toHaveLength(count);
  });

  it.each([0, 51, 2.5, NaN, '2'])('does not make %p', async (count) => {
    const { service, changes } = prepare();
    await expect(service.generate(USER, count as number)).rejects.toThrow(RangeError);
    expect(changes).toEqual([]);
  });

  it.each<[string, World]>([
    ['nothing that they stand in for', { rows: [] }],
    ['recovery codes only', { rows: [row('recovery_codes')] }],
    ['a second factor, but the type is off', { supportedTypes: ['totp'] }],
    ['a second factor, but the key of the codes is lost', { isLost: true }],
  ])('is refused to a user with %s', async (_, world) => {
    await expect(prepare(world).service.generate(USER)).rejects.toMatchObject({
      code: 'cannot_generate_recovery_codes',
    });
  });

  it('is for a user with several factors', async () => {
    const rows = [row('recovery_codes'), row('totp')];
    await expect(prepare({ rows }).service.generate(USER)).resolves.toHaveLength(10);
  });

  it.each<[string, MfaRequest | undefined, string, string]>([
    ['the other sessions', CONTEXT, 'sessions of ada but "session-1"', 'others'],
    ['all sessions, without one of its own', undefined, 'sessions of ada but ""', 'all'],
  ])('ends %s, where that is asked for', async (_, context, write, scope) => {
    const { service, changes } = prepare();
    await service.regenerate(USER, context, { endOtherSessions: true });
    expect(changes[0]?.planned).toMatchObject({
      writes: ['set', write],
      events: [regenerated(10), ended(scope)],
    });
  });
});

describe('the codes of a user', () => {
  it('are verified as what they are', async () => {
    const { service, verified } = prepare();
    await expect(service.validate(USER, '12345678')).resolves.toBe(true);
    expect(verified).toEqual([[USER, '12345678', [row('totp')], 'recovery_codes']]);
  });

  it('are listed while they are unused, and counted', async () => {
    const unused = code(false);
    const { service } = prepare({ codes: [code(true), unused, code(true)] });
    await expect(service.getUnused(USER)).resolves.toEqual([unused]);
    await expect(service.summary(USER)).resolves.toEqual({ total: 3, remaining: 1, createdAt: NOW });
  });

  it('are none before they are made', async () => {
    await expect(prepare().service.summary(USER)).resolves.toEqual({
      total: 0,
      remaining: 0,
      createdAt: null,
    });
  });
});
