import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { RecoveryCodeFactor } from './recovery-code.factor.js';

const NOW = 1_800_000_000_000;
const LONG = 'Z'.repeat(24);

/** A factor under that profile, and what it asks for. */
function prepare({ profile = 'default', isLost = false } = {}) {
  const asked: unknown[] = [];
  const factor = new RecoveryCodeFactor(
    {
      claim: (...claimed: unknown[]) => {
        asked.push(claimed);
        return Promise.resolve('claim');
      },
    } as never,
    {
      isLost: (id: string) => {
        asked.push(`lost ${id}?`);
        return Promise.resolve(isLost);
      },
    } as never,
  );
  factor.connect({ options: { profile }, clock: { now: () => NOW } } as never);
  const verify = (code: string, changed: object = {}) =>
    factor.verify(code, { authenticator: { userId: 'ada', data: '', remaining: 3, ...changed } as never });
  return { factor, verify, asked };
}

describe('the factor of recovery codes', () => {
  it('is proven by claiming a code, under the key of its set', async () => {
    const { verify, asked } = prepare();
    const data = 'recovery-codes:1';
    await expect(verify('12345678', { data })).resolves.toEqual({ remaining: 2, claims: ['claim'] });
    expect(asked).toEqual([`lost ${data}?`, ['ada', data, '12345678', new Date(NOW)]]);
  });

  it('has a last code', async () => {
    await expect(prepare().verify('12345678', { remaining: 1 })).resolves.toMatchObject({ remaining: 0 });
  });

  it.each([0, null])('is not proven when %j are left, whether its key is there or not', async (remaining) => {
    const { verify, asked } = prepare();
    await expect(verify('12345678', { remaining })).resolves.toBe('wrong');
    expect(asked).toEqual([]);
  });

  it('has no short codes', async () => {
    await expect(prepare().verify('123456')).resolves.toBe('not_applicable');
  });

  it('fails nobody whose code can not be verified', async () => {
    const { verify, asked } = prepare({ isLost: true });
    await expect(verify('12345678')).resolves.toBe('not_applicable');
    expect(asked).toEqual(['lost recovery-codes?']);
  });

  it('has no codes that are easy to guess under a profile', async () => {
    const { verify } = prepare({ profile: 'aal2' });
    await expect(verify('12345678')).resolves.toBe('not_applicable');
    await expect(verify(LONG)).resolves.toMatchObject({ remaining: 2 });
    await expect(prepare().verify(LONG)).resolves.toMatchObject({ remaining: 2 });
  });

  it('is never set up by itself', () => {
    const { factor } = prepare();
    expect(() => factor.begin()).toThrow(new MfaException('not_found'));
    expect(factor.activate()).toBe('wrong');
  });
});
