import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { KeyServiceError } from '../keys/key-wrapper.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { CodeVerifier } from './code-verifier.js';

const USER = { id: 'ada' };
const CODE = '123456';
const USE = { claim: 'authenticator', query: 'use' };
const OTHER = { claim: 'challenge', query: 'other' };

/** Only what this class looks at. */
const row = (changed: Partial<Authenticator> = {}) =>
  ({
    id: 'app',
    type: 'totp',
    name: 'An app',
    data: 'sealed',
    remaining: null,
    suspendedAt: null,
    lastStep: null,
    ...changed,
  }) as Authenticator;

interface World {
  /** What the factor says, or throws. */
  verdict?: unknown;
  rows?: Authenticator[];
  /** The claims that are lost to faster requests, one a commit; further ones are committed. */
  lost?: string[];
  /** The rows when they are read again. */
  after?: Authenticator[];
  types?: string[];
}

/** Verifies a code with a factor that gives this verdict. */
async function verify(input: unknown, { verdict, rows = [row()], lost = [], after = rows, types }: World) {
  const calls: unknown[] = [];
  const note = (name: string) => (): Promise<void> => {
    calls.push(name);
    return Promise.resolve();
  };
  const factor = {
    type: 'totp',
    verify: (code: string, { id }: Authenticator) => {
      calls.push(`asked ${code} ${id}`);
      return verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict);
    },
  };
  const verifier = new CodeVerifier(
    [factor as never],
    { isLocked: () => false, hasWaited: () => false, find: () => Promise.resolve(after) } as never,
    {} as never,
    {
      record: (_: object, wrong: Authenticator[]) => note(`wrong ${wrong.map(({ id }) => id).join()}`)(),
    } as never,
    { note: note('unreadable') } as never,
    { note: note('tampered') } as never,
    {
      take: (_: object, __: object, { isKept }: { isKept: boolean }) => {
        calls.push(isKept ? 'taken' : 'taken without a row');
        return Promise.resolve({});
      },
      giveBack: note('given back'),
      refund: () => 'refund',
    } as never,
    {
      commit: (writes: unknown[], { events }: { events: { type: string }[] }) => {
        calls.push({ writes, events: events.map(({ type }) => type) });
        const claim = lost.shift();
        return Promise.resolve(claim ? { committed: false, lost: claim } : { committed: true });
      },
    } as never,
  );
  const outcome = await verifier
    .verify(USER, input, rows, types ? { types: types as never } : {})
    .then(({ id }) => id)
    .catch((error: { code: string }) => error.code);
  return { calls, outcome };
}

const RIGHT = { use: USE, others: [OTHER] };
const COMMITTED = { writes: [USE, OTHER, 'refund'], events: ['mfa.authenticator.used'] };

describe('a code', () => {
  it.each([undefined, 123456, '', 'not a code!'])(
    'that cannot be one (%p) costs no attempt',
    async (input) => {
      await expect(verify(input, {})).resolves.toEqual({ calls: [], outcome: 'invalid_request' });
    },
  );

  it('that is right is claimed with all that it demands, and costs no attempt', async () => {
    const { calls, outcome } = await verify('123 456', { verdict: RIGHT });
    expect(calls).toEqual(['taken', `asked ${CODE} app`, COMMITTED]);
    expect(outcome).toBe('app');
  });

  it.each<[string, unknown]>([
    ['is wrong', 'wrong'],
    ['is refused by a factor with an exception', new MfaException('incorrect_code')],
  ])('that %s counts against the authenticator', async (_, verdict) => {
    const { calls, outcome } = await verify(CODE, { verdict });
    expect(calls.slice(2)).toEqual(['wrong app']);
    expect(outcome).toBe('incorrect_code');
  });

  it('that is none of this authenticator’s counts against the user only', async () => {
    const { calls, outcome } = await verify(CODE, { verdict: 'not_applicable' });
    expect([calls.at(-1), outcome]).toEqual(['wrong ', 'incorrect_code']);
  });

  it.each<[string, unknown, string[], string]>([
    ['a forged row', 'forged', ['tampered', 'given back'], 'incorrect_code'],
    ['a damaged row', new Error('damaged'), ['unreadable', 'given back'], 'incorrect_code'],
    ['no key service', new KeyServiceError('away'), ['given back'], 'storage_unavailable'],
    ['no database', new MfaException('storage_unavailable'), ['given back'], 'storage_unavailable'],
  ])('that meets %s costs no attempt', async (_, verdict, told, code) => {
    const { calls, outcome } = await verify(CODE, { verdict });
    expect([calls.slice(2), outcome]).toEqual([told, code]);
  });

  it('is tried only on authenticators of the types that may verify', async () => {
    const { calls } = await verify(CODE, { verdict: RIGHT, types: ['recovery_codes'] });
    expect(calls).toEqual(['taken', 'wrong ']);
    const other = row({ id: 'codes', type: 'recovery_codes' });
    expect((await verify(CODE, { verdict: RIGHT, rows: [other] })).calls).toEqual(['taken', 'wrong ']);
    expect((await verify(CODE, { verdict: RIGHT, rows: [] })).calls[0]).toBe('taken without a row');
  });
});

describe('a right code whose claim is lost', () => {
  it.each<[string, string, Authenticator[]]>([
    ['was used by a faster request', 'authenticator', [row()]],
    ['has lost another claim, whatever the row says', 'challenge', [row({ data: 'anew' })]],
    ['belongs to an authenticator that was removed', 'authenticator', [row({ id: 'b', data: 'anew' })]],
  ])('is wrong if it %s', async (_, lost, after) => {
    const { calls, outcome } = await verify(CODE, { verdict: RIGHT, lost: [lost], after });
    expect([calls.at(-1), outcome]).toEqual(['wrong app', 'incorrect_code']);
  });

  it.each<[string, Partial<Authenticator>]>([
    ['another code of its set was used', { remaining: 9 }],
    ['its secret was encrypted anew', { data: 'anew' }],
  ])('is tried again if %s', async (_, changed) => {
    const { calls, outcome } = await verify(CODE, {
      verdict: RIGHT,
      lost: ['authenticator'],
      after: [row({ id: 'b' }), row(changed)],
    });
    expect(calls.filter((call) => call === `asked ${CODE} app`)).toHaveLength(2);
    expect(outcome).toBe('app');
  });
});
