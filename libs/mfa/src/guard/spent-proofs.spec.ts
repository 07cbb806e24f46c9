import { describe, expect, it } from '@jest/globals';

import type { MfaPolicyDecision } from '../core/policy/policy.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { SpentProofs, asBeforeSpending } from './spent-proofs.js';

const NOW = 1_800_000_000_000;
const ALLOWED: MfaPolicyDecision = { allow: true };

type Session = Pick<AuthenticationSession, 'status' | 'methods'>;
const session = (status: Session['status'], ...methods: Session['methods']): Session => ({ status, methods });
const proven = session('authenticated', { method: 'totp', at: NOW });

/** Spends a proof of that session. `wins` says which commits succeed, `found` what is read after a lost one. */
async function spend(
  held: Session | null,
  {
    wins = [true],
    found = null as Session | null,
    decision = ALLOWED,
    tells = true,
    clock = { now: (): number => NOW },
  } = {},
) {
  const commits: unknown[] = [];
  const told: unknown[] = [];
  const asked: unknown[] = [];
  const times: number[] = [];
  const proofs = new SpentProofs(
    {
      planSpending: (one: Session) => ({ write: { of: one }, session: { spent: one } }),
      reload: () => Promise.resolve(found && { session: found }),
    } as never,
    {
      commit: ([write]: [unknown]) => {
        commits.push(write);
        return Promise.resolve({ committed: wins.shift() ?? true });
      },
    } as never,
    { gracePeriodSeconds: 300 } as never,
    clock,
  );
  const answer = await proofs.spend(
    { once: true },
    { user: { id: 1 }, session: held } as never,
    (context, now) => {
      asked.push(context.session);
      times.push(now);
      return Promise.resolve(decision);
    },
    tells ? (...sessions) => told.push(sessions) : undefined,
  );
  return { answer, commits, told, asked, times };
}

describe('a proof that a request spends', () => {
  it('is spent in one statement, and the session is told as it is then', async () => {
    expect(await spend(proven)).toEqual({
      answer: ALLOWED,
      commits: [{ of: proven }],
      told: [[{ spent: proven }, proven]],
      asked: [proven],
      times: [NOW],
    });
  });

  it('is spent where nobody wants to be told', async () => {
    expect(await spend(proven, { tells: false })).toMatchObject({
      answer: ALLOWED,
      commits: [{ of: proven }],
    });
  });

  it.each<[string, Session | null, MfaPolicyDecision]>([
    ['the request is refused', proven, { allow: false, code: 'unauthenticated' }],
    ['there is no session', null, ALLOWED],
    ['it is pending', { ...proven, status: 'pending' }, ALLOWED],
    ['nothing was proven, as in the grace period', session('authenticated'), ALLOWED],
    ['the proof is too old', session('authenticated', { method: 'totp', at: NOW - 300_001 }), ALLOWED],
  ])('is not spent where %s', async (_, held, decision) => {
    expect(await spend(held, { decision })).toEqual({
      answer: decision,
      commits: [],
      told: [],
      asked: [held],
      times: [NOW],
    });
  });

  it('is spent where its time ends while the request is admitted', async () => {
    const lastMoment = NOW + 300_000;
    let looks = 0;
    const clock = { now: () => lastMoment + looks++ };
    expect(await spend(proven, { clock })).toMatchObject({ commits: [{ of: proven }], times: [lastMoment] });
  });

  it('is decided on at a later time where another request was quicker', async () => {
    let looks = 0;
    const clock = { now: () => NOW + looks++ };
    expect(await spend(proven, { clock, wins: [false, true], found: proven })).toMatchObject({
      commits: [{ of: proven }, { of: proven }],
      times: [NOW, NOW + 1],
    });
  });

  it('that another request was quicker to spend is decided on anew', async () => {
    const left = session('authenticated', { method: 'webauthn', at: NOW });
    const { commits, told, asked } = await spend(proven, { wins: [false, true], found: left });
    expect(asked).toEqual([proven, left]);
    expect(commits).toEqual([{ of: proven }, { of: left }]);
    expect(told).toEqual([[{ spent: left }, left]]);
  });

  it('is gone with a session that ended meanwhile', async () => {
    await expect(spend(proven, { wins: [false] })).rejects.toMatchObject({ code: 'session_expired' });
  });
});

describe('the proofs of the request that has spent them', () => {
  const password = { method: 'pwd', at: NOW } as const;
  const [app, key] = [
    { method: 'totp', at: NOW },
    { method: 'webauthn', at: NOW - 1000 },
  ] as const;
  const spent = true as const;

  it('are not spent for it, but those that an earlier one has spent are', () => {
    const before = session('authenticated', password, app, { ...key, spent });
    const now = session('authenticated', password, { ...app, spent }, { ...key, spent });
    const seen = asBeforeSpending(now as never, before as never);
    expect(seen).toMatchObject(before);
    expect(seen.methods).toEqual(before.methods);
    expect(now.methods[1]).toEqual({ ...app, spent });
  });

  it('are not there if the session has lost them, nor if another one of their kind was spent since', () => {
    const before = session('authenticated', app, key);
    const newer = { ...key, at: NOW, spent };
    const seen = asBeforeSpending(session('authenticated', newer) as never, before as never);
    expect(seen.methods).toEqual([newer]);
  });
});
