import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord, MfaType } from '../../core/policy/methods.js';
import { typeOfRecord } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { ChangePurpose } from './recent-proof.service.js';
import { RecentProof } from './recent-proof.service.js';

const NOW = 1_800_000_000_000;
const MAX_AGE = 300;
const ADA = { id: 'ada' };
const REQUEST = {};

const row = (id: string, type: MfaType, role: string | null = null) => ({ id, type, role }) as Authenticator;
const APP = row('app', 'totp');
const KEY = row('key', 'webauthn');
const CONVENIENT = row('convenient', 'webauthn', 'passwordless');

const proof = (method: AuthenticationRecord['method'], changed: Partial<AuthenticationRecord> = {}) => ({
  method,
  at: NOW,
  ...changed,
});
const PASSWORD = proof('pwd');
const CODE = proof('totp', { authenticatorId: 'app' });
const BY_KEY = proof('webauthn', { authenticatorId: 'key' });
const RECOVERY = proof('recovery_code', { authenticatorId: 'codes' });

interface World {
  user?: object | null;
  rows?: Authenticator[];
  records?: AuthenticationRecord[];
  purpose?: ChangePurpose;
  enrolled?: boolean;
  /** When the application says that it has authenticated the user. */
  authenticatedAt?: Date | null;
  changesNeed?: 'strongest' | 'any';
  reauthenticateUrl?: string;
  /** The types whose proofs meet the profile. */
  fitting?: MfaType[];
  hasFitting?: boolean;
  needs?: object;
}

/** What is missing for a change; null if nothing is. */
async function missing({
  user = ADA,
  rows = [APP],
  records = [],
  purpose,
  enrolled = true,
  authenticatedAt = null,
  changesNeed = 'strongest',
  reauthenticateUrl,
  fitting = ['totp', 'webauthn', 'recovery_codes'],
  hasFitting = true,
  needs = {},
}: World) {
  const recent = new RecentProof(
    {
      usableTypes: (...given: unknown[]) => {
        expect(given).toEqual([user, rows, records]);
        return Promise.resolve(['totp', 'webauthn', 'recovery_codes']);
      },
    } as never,
    {
      meets: (record: AuthenticationRecord) => fitting.includes(typeOfRecord(record) as MfaType),
      hasFitting: () => Promise.resolve(hasFitting),
      fitsType: (type: MfaType) => fitting.includes(type),
      onlyRecovers: ({ method }: AuthenticationRecord) => method === 'recovery_code',
      needs,
    } as never,
    {
      isMfaEnabled: (...given: unknown[]) => {
        expect(given).toEqual([user, undefined, rows]);
        return Promise.resolve(enrolled);
      },
      getAuthenticatedAt: (request: object) => {
        expect(request).toBe(REQUEST);
        return Promise.resolve(authenticatedAt);
      },
    } as never,
    { changesNeed, changesMaxAgeSeconds: MAX_AGE, reauthenticateUrl } as never,
    { now: () => NOW },
  );
  return recent
    .assert({ user, records, request: REQUEST } as never, rows, purpose)
    .then(() => null)
    .catch((error: { code: string; details: object }) => ({ code: error.code, ...error.details }));
}

const needsProof = (methods: MfaType[], more: object = {}) => ({
  code: 'mfa_required',
  methods,
  maxAge: MAX_AGE,
  ...more,
});

describe('a change of factors', () => {
  it('is for somebody', async () => {
    await expect(missing({ user: null, records: [CODE] })).resolves.toEqual({ code: 'unauthenticated' });
  });

  describe('of a user without a factor', () => {
    const FIRST = { rows: [], enrolled: false };
    const REFUSED = { code: 'reauthentication_required', maxAge: MAX_AGE };

    it.each<[string, World]>([
      ['a recent first factor', { records: [PASSWORD] }],
      ['the application’s word', { authenticatedAt: new Date(NOW - MAX_AGE * 1000) }],
      [
        'a passkey that was added for convenience',
        { rows: [CONVENIENT], records: [{ ...BY_KEY, authenticatorId: 'convenient' }] },
      ],
      ['a proof below the profile', { records: [CODE], fitting: [], hasFitting: false }],
    ])('needs no more than %s', async (_, world) => {
      await expect(missing({ ...FIRST, ...world })).resolves.toBeNull();
    });

    it.each<[string, World]>([
      ['nothing was proven', {}],
      ['it was proven too long ago', { records: [proof('pwd', { at: NOW - MAX_AGE * 1000 - 1 })] }],
      ['the application’s word is too old', { authenticatedAt: new Date(NOW - MAX_AGE * 1000 - 1) }],
    ])('is refused where %s', async (_, world) => {
      await expect(missing({ ...FIRST, ...world })).resolves.toStrictEqual(REFUSED);
    });

    it('says where to prove it again, if the application has a page for that', async () => {
      await expect(missing({ ...FIRST, reauthenticateUrl: '/login' })).resolves.toEqual({
        ...REFUSED,
        reauthenticateUrl: '/login',
      });
    });
  });

  describe('of a user with a factor', () => {
    it.each<[string, World]>([
      ['a code, where there is no key', { records: [CODE] }],
      ['the key', { rows: [APP, KEY], records: [BY_KEY] }],
      ['a recovery code, where there is a key', { rows: [KEY], records: [RECOVERY] }],
      ['any factor, where that is enough', { rows: [APP, KEY], records: [CODE], changesNeed: 'any' }],
      [
        'a code, beside a passkey that was added for convenience',
        { rows: [APP, CONVENIENT], records: [CODE] },
      ],
      ['a proof of nobody knows which authenticator', { rows: [APP, CONVENIENT], records: [proof('totp')] }],
    ])('needs no more than %s', async (_, world) => {
      await expect(missing(world)).resolves.toBeNull();
    });

    it.each<[string, World, MfaType[]]>([
      ['nothing was proven', {}, ['totp', 'webauthn', 'recovery_codes']],
      ['the password alone was proven', { records: [PASSWORD] }, ['totp', 'webauthn', 'recovery_codes']],
      [
        'the application’s word is all there is',
        { authenticatedAt: new Date(NOW) },
        ['totp', 'webauthn', 'recovery_codes'],
      ],
      [
        'a code was proven, and there is a key',
        { rows: [APP, KEY], records: [CODE] },
        ['webauthn', 'recovery_codes'],
      ],
      [
        'a passkey was proven that was added for convenience',
        { rows: [APP, CONVENIENT], records: [{ ...BY_KEY, authenticatorId: 'convenient' }] },
        ['totp', 'webauthn', 'recovery_codes'],
      ],
    ])('is refused where %s, with the methods that help', async (_, world, methods) => {
      await expect(missing(world)).resolves.toEqual(needsProof(methods));
    });
  });

  describe('under a profile', () => {
    const needs = { userVerified: true };
    /** Whose key meets the profile, unlike the app and the recovery codes. */
    const STRONG: World = { rows: [APP, KEY], changesNeed: 'any', fitting: ['webauthn'], needs };
    /** Who has nothing that meets it. */
    const WEAK: World = { ...STRONG, rows: [APP], hasFitting: false };
    const ALL: MfaType[] = ['totp', 'webauthn', 'recovery_codes'];

    it.each<[string, World, ChangePurpose | undefined, object | null]>([
      ['a proof that meets it permits anything', { ...STRONG, records: [BY_KEY] }, undefined, null],
      [
        'one below it permits no change',
        { ...STRONG, records: [CODE] },
        undefined,
        needsProof(['webauthn'], { needs }),
      ],
      [
        'one below it adds nothing to what meets it',
        { ...STRONG, records: [CODE] },
        'adding',
        needsProof(ALL, { needs }),
      ],
      ['a recovery code adds a factor', { ...STRONG, records: [RECOVERY] }, 'adding', null],
      [
        'a recovery code changes none',
        { ...STRONG, records: [RECOVERY] },
        'change',
        needsProof(['webauthn'], { needs }),
      ],
      ['one below it adds the first that meets it', { ...WEAK, records: [CODE] }, 'adding', null],
      ['one below it changes nothing even so', { ...WEAK, records: [CODE] }, 'change', needsProof(ALL)],
      [
        'one below it is a change unless it says otherwise',
        { ...WEAK, records: [CODE] },
        undefined,
        needsProof(ALL),
      ],
    ])('%s', async (_, world, purpose, expected) => {
      await expect(missing({ ...world, ...(purpose ? { purpose } : {}) })).resolves.toEqual(expected);
    });
  });
});
