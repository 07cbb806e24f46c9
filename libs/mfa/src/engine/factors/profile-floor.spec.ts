import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaProfile } from '../../options/profiles.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { FactorJudge } from './factor-judge.js';
import { ProfileFloor } from './profile-floor.js';

const rowOf = (type: string, id = type) =>
  ({ id, type, userId: 'ada', role: null }) as unknown as Authenticator;

/** A floor whose TOTP judge answers with `isWeak`, which may throw. */
function floorOf(profile: MfaProfile, isWeak: (row: Authenticator) => boolean = ({ id }) => id === 'weak') {
  const judge = { type: 'totp', isWeak: (row: Authenticator) => isWeak(row) } as unknown as FactorJudge;
  const details = [] as readonly AuthenticatorDetails[];
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
    expect(await floor.weakTypes([WEAK, rowOf('webauthn')])).toEqual(['totp']);
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
  ])('is also what can’t be read: its judge throws %s', async (_, thrown, text) => {
    const floor = floorOf('aal2', () => {
      throw thrown as Error;
    });
    expect(await floor.isWeak(STRONG)).toBe(true);
    expect(error).toHaveBeenCalledWith(`Could not tell how strong strong (totp) is: ${text}`);
  });

  it('is not told where the request is refused as a whole', async () => {
    const refusal = new MfaException('storage_unavailable');
    const floor = floorOf('aal2', () => {
      throw refusal;
    });
    await expect(floor.isWeak(STRONG)).rejects.toBe(refusal);
    expect(error).not.toHaveBeenCalled();
  });
});
