import { describe, expect, it } from '@jest/globals';

import { MFA_ACR_LEVELS } from '../core/policy/acr.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import type { MfaPolicyDecision, MfaRequirement } from '../core/policy/policy.js';
import type { MfaAuthorizationRequest } from './authorization-request.js';
import { decideAuthorization } from './authorization-request.js';

const NOW = 1_800_000_000_000;
const LEVELS = { silver: {}, ...MFA_ACR_LEVELS, gold: { ...MFA_ACR_LEVELS.phrh, maxAge: 60 } };

const PROVE: MfaPolicyDecision = { allow: false, code: 'mfa_required', methods: ['totp'], maxAge: 300 };
const ENROLL: MfaPolicyDecision = { allow: false, code: 'mfa_enrollment_required', methods: ['webauthn'] };

/** A user for whom each level gets the given answer, and is refused by default. */
async function decide(
  request: MfaAuthorizationRequest,
  records: AuthenticationRecord[],
  answers: Record<string, MfaPolicyDecision> = {},
) {
  const asked: MfaRequirement[] = [];
  const decision = await decideAuthorization(request, records, {
    levels: LEVELS,
    defaultMaxAge: 300,
    now: NOW,
    decide: (requirement) => {
      asked.push(requirement);
      return Promise.resolve(answers[requirement.acr ?? ''] ?? PROVE);
    },
    overdueTypes: () => Promise.resolve(null),
  });
  return { decision, asked };
}

const ago = (method: AuthenticationRecord['method'], seconds: number, more: object = {}) => ({
  method,
  at: NOW - seconds * 1000,
  ...more,
});

describe('an authorization request without a level', () => {
  it.each([
    ['a password', ago('pwd', 300), {}, true],
    ['a TOTP', ago('totp', 300), {}, true],
    ['a first factor of another kind', ago('email', 300, { isFirst: true }), {}, true],
    ['an identity provider’s word', ago('external', 300), {}, true],
    ['a trusted browser', ago('trusted_device', 0), {}, false],
    ['a password that is too old', ago('pwd', 301), {}, false],
    ['an old password where that is old enough', ago('pwd', 301), { maxAge: 400 }, true],
    ['a password where it is to be newer', ago('pwd', 61), { maxAge: 60 }, false],
  ])('is satisfied by %s: %p', async (_, record, request, is) => {
    const { decision, asked } = await decide(request, [record]);
    expect(decision).toEqual(
      is
        ? { isSatisfied: true, authTime: new Date(record.at) }
        : {
            isSatisfied: false,
            owed: {
              allow: false,
              code: 'reauthentication_required',
              maxAge: 'maxAge' in request ? request.maxAge : 300,
            },
          },
    );
    expect(asked).toEqual([]);
  });

  it('is not satisfied by nothing, whatever list of levels is empty', async () => {
    for (const acrValues of [undefined, '', ' ', []]) {
      const { decision } = await decide(acrValues === undefined ? {} : { acrValues }, []);
      expect(decision).toMatchObject({ isSatisfied: false, owed: { code: 'reauthentication_required' } });
    }
  });
});

describe('an authorization request for levels', () => {
  const records = [ago('pwd', 20), ago('totp', 10)];

  it('is satisfied by the first that is reached', async () => {
    const answers = { silver: { allow: true }, phr: { allow: true } } as const;
    for (const acrValues of ['gold phr silver', ['gold', 'phr', 'silver']]) {
      const { decision, asked } = await decide({ acrValues }, records, answers);
      expect(decision).toEqual({ isSatisfied: true, acr: 'phr', authTime: new Date(NOW - 10_000) });
      expect(asked.map(({ acr }) => acr)).toEqual(['gold', 'phr']);
    }
    expect((await decide({ acrValues: 'silver' }, [], answers)).decision).toMatchObject({
      authTime: new Date(NOW),
    });
  });

  it('owes the first that the user could prove, else the first that they could enroll for', async () => {
    expect((await decide({ acrValues: 'phrh phr' }, records, { phrh: ENROLL })).decision).toEqual({
      isSatisfied: false,
      acr: 'phr',
      owed: PROVE,
    });
    const answers = { phrh: ENROLL, phr: ENROLL };
    expect((await decide({ acrValues: 'phrh phr' }, records, answers)).decision).toEqual({
      isSatisfied: false,
      acr: 'phrh',
      owed: ENROLL,
    });
  });

  it('leaves out levels that nobody knows, and says so where none is left', async () => {
    const { decision, asked } = await decide({ acrValues: 'constructor  silver' }, records);
    expect(decision).toMatchObject({ acr: 'silver' });
    expect(asked).toHaveLength(1);
    expect((await decide({ acrValues: 'platinum constructor' }, records)).decision).toEqual({
      isSatisfied: false,
      error: 'unmet_authentication_requirements',
    });
  });

  it.each([
    ['silver', undefined, 300],
    ['silver', 60, 60],
    ['silver', 400, 300],
    ['gold', undefined, 60],
    ['gold', 30, 30],
    ['gold', 400, 60],
  ])('%s with a greatest age of %p asks for %i s', async (acrValues, maxAge, seconds) => {
    const { asked } = await decide({ acrValues, ...(maxAge === undefined ? {} : { maxAge }) }, records);
    expect(asked[0]?.maxAge).toBe(seconds);
  });
});
