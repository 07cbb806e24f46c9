/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord, MfaFactorTraits, MfaType } from './methods.js';
import {
  BUILT_IN_TYPES,
  MFA_TYPES,
  SECOND_FACTOR_TYPES,
  amrOfType,
  firstFactorRecord,
  hasSteps,
  isBackupMethod,
  isBackupType,
  isJudgedByRow,
  isOverSameChannel,
  isPhishingResistantType,
  isSameProof,
  isSecondFactorType,
  isTypeName,
  methodOfType,
  newestRecord,
  provenMethods,
  readRecords,
  registerFactorType,
  showsFacts,
  standsForSecondFactor,
  typeOfMethod,
  typeOfRecord,
} from './methods.js';

/** A custom factor whose type TypeScript doesn't know. */
const factor = (traits: object): MfaFactorTraits => traits as MfaFactorTraits;
const MAIL = 'mail' as MfaType;
const UNKNOWN = 'nobodys' as MfaType;

registerFactorType(factor({ type: MAIL, method: 'mail_code', channel: 'email', maxPerUser: 20 }));
registerFactorType(factor({ type: 'paper', role: 'backup', maxPerUser: 1 }));

describe('registering a type of factor', () => {
  it.each([
    ['', 'must be 1 to 20 characters'],
    ['a'.repeat(21), 'must be 1 to 20 characters'],
    ['Push', 'must be 1 to 20 characters'],
    ['push!', 'must be 1 to 20 characters'],
    ['pwd', 'must be 1 to 20 characters'],
    ['trusted_device', 'must be 1 to 20 characters'],
    ['external', 'must be 1 to 20 characters'],
  ])('refuses the name %j', (type, problem) => {
    expect(() => registerFactorType(factor({ type }))).toThrow(problem);
    expect(MFA_TYPES).not.toContain(type);
  });

  it.each([0, 21, 1.5, -1, '2'])('refuses %j of them per user', (maxPerUser) => {
    expect(() => registerFactorType(factor({ type: 'push', maxPerUser }))).toThrow(
      'whole number from 1 to 20',
    );
  });

  it.each([
    [{ labl: 'Push' }, '`labl` is not a trait of a factor'],
    [{ phishingResistent: true }, '`phishingResistent` is not a trait'],
    [{ role: 'bakcup' }, '`role` of a factor must be `second_factor` or `backup`'],
    [{ phishingResistant: 'yes' }, '`phishingResistant` of a factor must be true or false'],
    [{ amr: 'x' }, '`amr` of a factor must be a list of strings, or'],
    [{ amr: { hardware: ['hwk'], synced: ['swk'] } }, '`amr` of a factor'],
    [{ readFromAmr: [1] }, '`readFromAmr` of a factor must be a list of strings'],
    [{ judgedBy: 'itself' }, '`judgedBy` of a factor'],
    [{ channel: '' }, '`channel` of a factor must be text'],
    [{ refusedBy: 'aal2' }, '`refusedBy` of a factor must be a list of `aal2`, `strict` and `aal3`'],
    [{ refusedBy: ['aal1'] }, '`refusedBy` of a factor'],
    [{ labels: { de: 7 } }, '`labels` of a factor must be an object of texts'],
    [{ labels: 'Push' }, '`labels` of a factor'],
  ])('refuses the trait %j', (trait, problem) => {
    expect(() => registerFactorType(factor({ type: 'push', ...trait }))).toThrow(problem);
    expect(MFA_TYPES).not.toContain('push');
  });

  it('takes traits that are left undefined', () => {
    const traits = factor({ type: 'paper', role: 'backup', maxPerUser: 1 });
    expect(() => registerFactorType({ ...traits, amr: undefined })).not.toThrow();
  });

  it.each(['pwd', 'trusted_device', 'external', 'mfa', 'mca', 'totp', 'recovery_code', 'mail_code'])(
    'refuses the method %s, which is another one’s',
    (method) => {
      expect(() => registerFactorType(factor({ type: 'push', method }))).toThrow(`The method ${method}`);
      expect(MFA_TYPES).not.toContain('push');
    },
  );

  it('takes a type again as it was, and not as another one', () => {
    registerFactorType(factor({ type: 'paper', role: 'backup', maxPerUser: 1 }));
    expect(MFA_TYPES.filter((type) => (type as string) === 'paper')).toHaveLength(1);
    expect(() => registerFactorType(factor({ type: 'paper', role: 'second_factor' }))).toThrow(
      'There is already a factor of type paper',
    );
  });

  it('puts it behind those that come with the module', () => {
    expect(BUILT_IN_TYPES).toEqual(['totp', 'webauthn', 'recovery_codes']);
    expect(MFA_TYPES).toEqual([...BUILT_IN_TYPES, 'mail', 'paper']);
    expect(SECOND_FACTOR_TYPES).toEqual(['totp', 'webauthn', 'mail']);
  });
});

describe('a type', () => {
  it.each([
    ['totp', true],
    ['a_1', true],
    ['A', false],
    ['a b', false],
    ['', false],
    [1, false],
    [['totp'], false],
  ])('may be called %j: %p', (name, may) => {
    expect(isTypeName(name)).toBe(may);
  });

  it('tells what kind of factor it is', () => {
    const kinds = [
      isSecondFactorType,
      isPhishingResistantType,
      showsFacts,
      isBackupType,
      hasSteps,
      isJudgedByRow,
    ];
    const of = (type: MfaType) => kinds.map((is) => is(type));
    expect(of('totp')).toEqual([true, false, false, false, true, true]);
    expect(of('webauthn')).toEqual([true, true, true, false, false, false]);
    expect(of('recovery_codes')).toEqual([false, false, false, true, false, false]);
    expect(of(MAIL)).toEqual([true, false, false, false, false, true]);
    expect(of(UNKNOWN)).toEqual([false, false, false, false, false, true]);
  });

  it('is recorded by its method', () => {
    expect(methodOfType('recovery_codes')).toBe('recovery_code');
    expect(methodOfType(MAIL)).toBe('mail_code');
    expect(methodOfType('paper' as MfaType)).toBe('paper');
    expect(methodOfType(UNKNOWN)).toBe('nobodys');
    expect(typeOfMethod('recovery_code')).toBe('recovery_codes');
    expect(typeOfMethod('pwd')).toBeUndefined();
  });

  it('has its values of amr, a key by what is known of it', () => {
    expect(amrOfType('totp', {})).toEqual(['otp']);
    expect(amrOfType(MAIL, {})).toEqual(['mail_code']);
    expect(amrOfType(UNKNOWN, {})).toEqual(['nobodys']);
    expect(amrOfType('webauthn', {})).toEqual(['pop', 'user']);
    expect(amrOfType('webauthn', { backupEligible: true, attested: true })).toEqual(['swk', 'user']);
    expect(amrOfType('webauthn', { backupEligible: false })).toEqual(['pop', 'user']);
    expect(amrOfType('webauthn', { backupEligible: false, attested: true })).toEqual(['hwk', 'user']);
  });
});

describe('a record', () => {
  const totp: AuthenticationRecord = { method: 'totp', at: 1 };
  const first: AuthenticationRecord = { method: 'webauthn', at: 1, isFirst: true };

  it('is read as it was written, and all of them are dropped where one was not', () => {
    expect(readRecords([totp, first])).toEqual([totp, first]);
    for (const wrong of [
      null,
      {},
      { method: 'totp' },
      { at: 1 },
      { method: 1, at: 1 },
      { method: 'totp', at: '1' },
    ]) {
      expect(readRecords([totp, wrong])).toEqual([]);
    }
    for (const wrong of [undefined, null, 'totp', { 0: totp, length: 1 }])
      expect(readRecords(wrong)).toEqual([]);
  });

  it('of a first factor is none of a second one', () => {
    expect(firstFactorRecord('pwd', 5)).toEqual({ method: 'pwd', at: 5 });
    expect(firstFactorRecord('webauthn', 5)).toEqual({ method: 'webauthn', at: 5, isFirst: true });
    expect(typeOfRecord(first)).toBeUndefined();
    expect(typeOfRecord({ method: 'webauthn', at: 1 })).toBe('webauthn');
  });

  it('takes the place of one of its kind', () => {
    expect(isSameProof(totp, { ...totp, at: 2 })).toBe(true);
    expect(isSameProof(totp, { ...totp, method: 'webauthn' })).toBe(false);
    expect(isSameProof(first, { method: 'webauthn', at: 1 })).toBe(false);
  });

  it.each<[AuthenticationRecord, boolean]>([
    [totp, true],
    [{ ...totp, weak: true }, false],
    [{ method: 'external', at: 1 }, true],
    [{ method: 'trusted_device', at: 1 }, false],
    [{ method: 'pwd', at: 1 }, false],
    [first, false],
    [{ method: 'external', at: 1, isFirst: true }, false],
  ])('%j stands for a second factor: %p', (record, does) => {
    expect(standsForSecondFactor(record)).toBe(does);
  });

  it('of a backup is told from others, and from a first factor', () => {
    expect(isBackupMethod('recovery_code')).toBe(true);
    expect(isBackupMethod('totp')).toBe(false);
    expect(isBackupMethod('pwd')).toBe(false);
  });

  it('is the newest whatever the order, and of two at once the first', () => {
    const records = [{ ...totp, at: 2 }, { ...totp, at: 3 }, { ...first, at: 3 }, totp];
    expect(newestRecord(records)).toBe(records[1]);
    expect(newestRecord(records, ({ isFirst }) => isFirst === true)).toBe(records[2]);
    expect(newestRecord([])).toBeUndefined();
  });

  it('over the channel of the first factor is no second one', () => {
    expect(isOverSameChannel(MAIL, [firstFactorRecord('email', 1), totp])).toBe(true);
    expect(isOverSameChannel(MAIL, [firstFactorRecord('sms', 1), totp])).toBe(false);
    expect(isOverSameChannel(MAIL, [{ method: 'email', at: 1 }])).toBe(false);
    expect(isOverSameChannel('totp', [firstFactorRecord('email', 1)])).toBe(false);
    expect(isOverSameChannel(UNKNOWN, [])).toBe(false);
  });

  it('shows what is known of it, and nothing else', () => {
    const known = { userVerified: true, backedUp: false, attested: true };
    expect(
      provenMethods([
        { ...totp, authenticatorId: 'a', spent: true },
        { ...first, ...known },
      ]),
    ).toEqual([
      { method: 'totp', at: new Date(1) },
      { method: 'webauthn', at: new Date(1), ...known },
    ]);
    expect(Object.keys(provenMethods([totp])[0] ?? {})).toEqual(['method', 'at']);
  });
});
