import { describe, expect, it } from '@jest/globals';

import { KeyRing } from '../../core/crypto/key-ring.js';
import type { SecretRow, SecretTable } from './secret-table.js';
import {
  encryptedOf,
  encryptedSetups,
  envelopeContext,
  sealsOf,
  userIdOfRow,
  valueOf,
} from './secret-table.js';

class Row {
  id?: string;
}

const table = (changed: Partial<SecretTable> = {}): SecretTable => ({
  entity: Row,
  id: 'id',
  userId: 'userId',
  encrypted: ['data', 'more'],
  seals: null,
  isMissed: true,
  ...changed,
});
const row = (changed: object = {}): SecretRow => ({ id: 'a', userId: 'ada', data: 'v1.x', ...changed });

describe('a table whose rows depend on the secret', () => {
  it('says which columns should be in envelopes, and what they hold', () => {
    expect(encryptedOf(table(), row({ more: 'not in one', name: 'Phone' }))).toEqual([
      ['data', 'v1.x'],
      ['more', 'not in one'],
    ]);
    expect(encryptedOf(table(), row({ more: null }))).toEqual([['data', 'v1.x']]);
  });

  it('has none in rows of the types whose data is plain', () => {
    const mixed = table({ plainTypes: () => ['webauthn', 'recovery_codes'] });
    expect(encryptedOf(mixed, row({ type: 'recovery_codes' }))).toEqual([]);
    expect(encryptedOf(mixed, row({ type: 'totp' }))).toEqual([['data', 'v1.x']]);
    expect(encryptedOf(mixed, row())).toEqual([['data', 'v1.x']]);
    expect(encryptedOf(table(), row({ type: 'recovery_codes' }))).toHaveLength(1);
  });

  it('names the owner and the id of a row by columns of its own', () => {
    const own = table({ id: 'number', userId: 'ownerId', type: 'totp' });
    const owned = { number: 7, ownerId: 12 } as SecretRow;
    expect(userIdOfRow(own, owned)).toBe('12');
    expect(valueOf(owned, 'number')).toBe(7);
    expect(envelopeContext(own, owned, 'data')).toEqual({ purpose: 'totp', userId: '12', recordId: '7' });
  });

  it.each<[string, Partial<SecretTable>, object, string]>([
    ['the table', { type: 'totp' }, {}, 'totp'],
    ['the row', { type: 'totp' }, { type: 'webauthn' }, 'webauthn'],
    ['the column', { type: 'totp', purposeOf: (column) => `of ${column}` }, { type: 'x' }, 'of data'],
  ])('binds an envelope to what %s says that it is', (_, changed, given, purpose) => {
    expect(envelopeContext(table(changed), row(given), 'data')).toEqual({
      purpose,
      userId: 'ada',
      recordId: 'a',
    });
  });

  it('binds no envelope to nothing', () => {
    expect(() => envelopeContext(table(), row(), 'data')).toThrow(Error);
  });

  it('seals its rows and checks them with the functions of their kind', () => {
    const ring = new KeyRing(['a secret of at least 32 bytes, never in use']);
    const seals = sealsOf<{ id: string }>(
      (given, { id }) => (given === ring ? `seal of ${id}` : null),
      (given, { id }) => given === ring && id === 'a',
    );
    expect(seals.make(ring, row())).toBe('seal of a');
    expect([seals.hold(ring, row()), seals.hold(ring, row({ id: 'b' }))]).toEqual([true, false]);
  });

  it('may be one of setups', () => {
    const setups = {
      entity: Row,
      id: 'id',
      userId: 'userId',
      encrypted: ['data'],
      seals: null,
      isMissed: true,
      isSetup: true,
    };
    expect(encryptedSetups(Row, 'totp')).toEqual({ ...setups, type: 'totp' });
    expect(encryptedSetups(Row)).toStrictEqual(setups);
  });
});
