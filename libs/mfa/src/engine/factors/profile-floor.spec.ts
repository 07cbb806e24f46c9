import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaProfile } from '../../options/profiles.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { FactorJudge } from './factor-judge.js';
import type { AuthenticationRecord, MfaProofFacts } from '../../core/policy/methods.js';
import { ProfileFloor } from './profile-floor.js';

const rowOf = (type: string, id = type) =>
  ({ id, type, userId: 'ada', role: null }) as unknown as Authenticator;

/** A floor whose TOTP judge answers with `isWeak`, which may throw, and to which Ada's keys are of these kinds. */
function floorOf(
  profile: MfaProfile,
  isWeak: (row: Authenticator) => boolean = ({ id }) => id === 'weak',
  keys: MfaProofFacts[] = [],
) {
  const judge = { type: 'totp', isWeak: (row: Authenticator) => isWeak(row) } as unknown as FactorJudge;
  const keyFacts = (userId: string) => Promise.resolve(userId === 'ada' ? keys : []);
  const details = [{ type: 'webauthn', keyFacts }] as unknown as readonly AuthenticatorDetails[];
  return new ProfileFloor([judge], details, { profile } as ResolvedMfaOptions);
}

const WEAK = rowOf('totp', 'weak');
const STRONG = rowOf('totp', 'strong');
const CODES = rowOf('recovery_codes');
const idsOf = (rows: readonly Authenticator[]) => rows.map(({ id }) => id);

describe('what the profile finds too weak', () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  afterEach(() => void error.mockClear());

  it('is nothing without a profile that looks', async () => {
    const floor = floorOf('default');
    expect(floor.isOpen).toBe(true);
    expect(await floor.isWeak(WEAK)).toBe(false);
    expect(await floor.admitted([WEAK])).toEqual([WEAK]);
    expect(await floor.hasFitting([])).toBe(true);
    expect(await floor.weakTypes([WEAK])).toEqual([]);
  });

  it('proves nothing beside what is strong, and recovery codes always stand in', async () => {
    const floor = floorOf('aal2');
    expect(floor.isOpen).toBe(false);
    expect(idsOf(await floor.admitted([WEAK, STRONG, CODES]))).toEqual(['strong', 'recovery_codes']);
    // A user who has nothing better signs in with what they have.
    expect(idsOf(await floor.admitted([WEAK, CODES]))).toEqual(['weak', 'recovery_codes']);
  });

  it('is a type of which all are weak', async () => {
    const floor = floorOf('aal2');
    expect(await floor.weakTypes([WEAK])).toEqual(['totp']);
    expect(await floor.weakTypes([WEAK, STRONG])).toEqual([]);
    expect(await floor.weakTypes([WEAK, rowOf('webauthn', 'weak')])).toEqual(['totp']);
    expect(await floor.weakTypes([])).toEqual([]);
  });

  it('leaves who has nothing else without a factor that fits', async () => {
    const floor = floorOf('aal2');
    expect(await floor.hasFitting([WEAK])).toBe(false);
    expect(await floor.hasFitting([CODES])).toBe(false);
    expect(await floor.hasFitting([])).toBe(false);
    expect(await floor.hasFitting([WEAK, STRONG])).toBe(true);
    expect(await floor.hasFitting([STRONG, WEAK])).toBe(true);
  });

  it.each([
    ['an error', new Error('its key is gone'), 'its key is gone'],
    ['what is no error', 'boom', ''],
    ['a refusal', new MfaException('invalid_request'), 'The request is not valid.'],
  ])('is also what can’t be read: its judge throws %s', async (_, thrown, text) => {
    const floor = floorOf('aal2', () => {
      throw thrown as Error;
    });
    expect(await floor.isWeak(STRONG)).toBe(true);
    expect(error).toHaveBeenCalledWith(`Could not tell how strong strong (totp) is: ${text}`);
  });

  it.each(['storage_unavailable', 'conflict'] as const)(
    'is not told where the database answers %s',
    async (code) => {
      const refusal = new MfaException(code);
      const floor = floorOf('aal2', () => {
        throw refusal;
      });
      await expect(floor.isWeak(STRONG)).rejects.toBe(refusal);
      expect(error).not.toHaveBeenCalled();
    },
  );
});

const PASSWORD: AuthenticationRecord = { method: 'pwd', at: 0 };
const MAIL: AuthenticationRecord = { method: 'email', at: 0, isFirst: true };
const APP: AuthenticationRecord = { method: 'totp', at: 0 };
const CODE: AuthenticationRecord = { method: 'recovery_code', at: 0 };
const SYNCED: AuthenticationRecord = { method: 'webauthn', at: 0, userVerified: true, backupEligible: true };
const HARDWARE: AuthenticationRecord = { ...SYNCED, backupEligible: false };
const FLOOR = { phishingResistant: true, userVerified: true, deviceBound: true };

describe('what the profile demands of a route', () => {
  it('is its floor on top of what the route asks for', () => {
    expect(floorOf('default').raise({ maxAge: 60 }, [PASSWORD])).toEqual({ maxAge: 60 });
    expect(floorOf('aal2').raise({ maxAge: 60 }, [PASSWORD])).toEqual({ maxAge: 60 });
    expect(floorOf('aal3').raise({ maxAge: 60 }, [PASSWORD])).toEqual({ maxAge: 60, ...FLOOR });
  });

  it('is two factors in one after a first factor that was only delivered', () => {
    expect(floorOf('aal2').raise({ maxAge: 60 }, [MAIL])).toEqual({ maxAge: 60, userVerified: true });
    expect(floorOf('default').raise({ maxAge: 60 }, [MAIL])).toEqual({ maxAge: 60 });
  });

  it('is told to ceremonies and in refusals', () => {
    expect(floorOf('aal2').needs).toEqual({});
    expect(floorOf('aal3').needs).toEqual({ userVerified: true, deviceBound: true });
  });
});

describe('a proof', () => {
  it.each<[MfaProfile, string, AuthenticationRecord, boolean]>([
    ['aal2', 'an app', APP, true],
    ['aal2', 'a weak app', { ...APP, weak: true }, false],
    ['aal3', 'an app', APP, false],
    ['aal3', 'a synced key', SYNCED, false],
    ['aal3', 'a key in hardware', HARDWARE, true],
  ])('meets the floor of %s or not: %s', (profile, _, record, meets) => {
    expect(floorOf(profile).meets(record)).toBe(meets);
    expect(floorOf(profile).counts(record, [PASSWORD, record])).toBe(meets);
  });

  it('counts after a first factor that was only delivered if it has verified its user', () => {
    expect(floorOf('aal2').counts(APP, [MAIL, APP])).toBe(false);
    expect(floorOf('aal2').counts(SYNCED, [MAIL, SYNCED])).toBe(true);
    expect(floorOf('default').counts(APP, [MAIL, APP])).toBe(true);
  });

  it('only recovers if it stands in for a factor that meets the floor', () => {
    expect(floorOf('aal3').onlyRecovers(CODE)).toBe(true);
    expect(floorOf('aal3').onlyRecovers(HARDWARE)).toBe(false);
    expect(floorOf('aal2').onlyRecovers(CODE)).toBe(false);
  });
});

describe('a profile that asks for keys in hardware', () => {
  const KEY = rowOf('webauthn');
  const under = (...keys: MfaProofFacts[]) => floorOf('aal3', () => false, keys);

  it('fits keys only, and only such keys', () => {
    expect(['totp', 'webauthn', 'recovery_codes'].filter((type) => under().fitsType(type as never))).toEqual([
      'webauthn',
    ]);
    expect([HARDWARE, SYNCED, {}].map((facts) => under().fitsKey(facts))).toEqual([true, false, false]);
  });

  it('differs from one that asks for no key', () => {
    const floor = floorOf('aal2');
    expect(['totp', 'webauthn'].every((type) => floor.fitsType(type as never))).toBe(true);
    expect([HARDWARE, SYNCED, {}].every((facts) => floor.fitsKey(facts))).toBe(true);
  });

  it('finds a factor that fits in a user with one such key, whatever else they have', async () => {
    expect(await under(SYNCED, HARDWARE).hasFitting([KEY, STRONG])).toBe(true);
    expect(await under(SYNCED).hasFitting([KEY, STRONG])).toBe(false);
    expect(await under(HARDWARE).hasFitting([STRONG])).toBe(false);
    expect(await under(HARDWARE).hasFitting([])).toBe(false);
  });

  it('finds none in one whose keys are no second factor', async () => {
    expect(await under(HARDWARE).hasFitting([{ ...KEY, role: 'passwordless' }])).toBe(false);
  });

  it('admits an app only while there is no such key', async () => {
    expect(idsOf(await under(HARDWARE).admitted([STRONG, KEY, CODES]))).toEqual([
      'webauthn',
      'recovery_codes',
    ]);
    expect(await under(SYNCED).admitted([STRONG, KEY, CODES])).toHaveLength(3);
  });
});
