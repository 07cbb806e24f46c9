/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { KeyRing, sealRow } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';
import { registerFactorType } from '../../core/policy/methods.js';
import {
  Authenticator,
  authenticatorLabel,
  isGenuineAuthenticator,
  isSecondFactorRow,
  newAuthenticator,
  sealAuthenticator,
} from './authenticator.entity.js';
import { purposeOfColumn } from './factor-table.js';

/** Verified by the row itself. */
const IN_ROW = 'pager' as MfaType;
/** Verified by rows of the factor's own. */
const IN_TABLES = 'smart_card' as MfaType;
const BACKUP = 'paper' as MfaType;
registerFactorType({ type: IN_ROW });
registerFactorType({ type: IN_TABLES, judgedBy: 'own_tables' });
registerFactorType({ type: BACKUP, role: 'backup' });

const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const GIVEN = { id: 'a-1', userId: 'ada', type: IN_ROW, name: 'My pager', createdAt: new Date(0) };

describe('a new authenticator', () => {
  it('is unused, has no failures and no data, unless given', () => {
    const row = newAuthenticator(GIVEN);
    expect(row).toBeInstanceOf(Authenticator);
    expect(row).toEqual({
      ...GIVEN,
      role: null,
      data: '',
      lastUsedAt: null,
      failures: 0,
      lockedAt: null,
      clonedAt: null,
      suspendedAt: null,
      unlockCodes: 0,
      unlockCodeAt: null,
      lastStep: null,
      remaining: null,
      seal: null,
    });
    expect(newAuthenticator({ ...GIVEN, data: 'sealed', remaining: 10, failures: 1 })).toMatchObject({
      data: 'sealed',
      remaining: 10,
      failures: 1,
    });
  });

  it('has a name that can be seen, and fits', () => {
    const nameOf = (name: string) => newAuthenticator({ ...GIVEN, name }).name;
    expect(nameOf('My\npager')).toBe('My pager');
    expect(nameOf('x'.repeat(101))).toHaveLength(100);
    expect(['', ' ', '\u200B'].map(nameOf)).toEqual(Array(3).fill('Authenticator'));
  });

  it('is called by name and type', () => {
    expect(authenticatorLabel(newAuthenticator(GIVEN))).toBe('My pager (pager)');
  });
});

it('makes its user enrolled if it is a second factor by type, and not kept for signing in alone', () => {
  const counts = (type: MfaType, role?: string | null) =>
    isSecondFactorRow(role === undefined ? { type } : { type, role });
  expect([counts(IN_ROW), counts(IN_ROW, null), counts(IN_TABLES, null)]).toEqual([true, true, true]);
  expect([counts(IN_ROW, 'passwordless'), counts(BACKUP, null)]).toEqual([false, false]);
  // Of a factor that is not there it might be one.
  expect(counts('unknown' as MfaType)).toBe(true);
});

describe('the seal of an authenticator', () => {
  const row = newAuthenticator({ ...GIVEN, data: 'sealed', lastStep: 7 });
  const seal = sealAuthenticator(keyRing, row);
  const isGenuine = (changed: Partial<Authenticator>) =>
    isGenuineAuthenticator(keyRing, { ...row, seal, ...changed });

  it('fits it, whatever happened to what no proof depends on', () => {
    expect(isGenuine({})).toBe(true);
    expect(isGenuine({ name: 'Renamed', failures: 3, lastUsedAt: new Date(1) })).toBe(true);
  });

  it.each<[string, Partial<Authenticator>]>([
    ['another one', { id: 'a-2' }],
    ['another user', { userId: 'eve' }],
    ['another type', { type: 'totp' }],
    ['other data', { data: 'replaced' }],
    ['an earlier step', { lastStep: 6 }],
    ['none that was used', { lastStep: null }],
    ['one without a seal', { seal: null }],
  ])('does not fit %s', (_, changed) => {
    expect(isGenuine(changed)).toBe(false);
  });

  it('is of no other kind of row', () => {
    expect(seal).toBe(sealRow(keyRing, 'authenticator', ['a-1', 'ada', IN_ROW, 'sealed', 7]));
  });

  it('is none where a proof is verified by other rows', () => {
    const other = { ...row, type: IN_TABLES };
    expect(sealAuthenticator(keyRing, other)).toBeNull();
    expect(isGenuineAuthenticator(keyRing, { ...other, seal: null })).toBe(true);
  });
});

it('binds what a factor encrypts to the type and the column', () => {
  expect(purposeOfColumn(IN_ROW, 'number')).toBe('pager:number');
});
