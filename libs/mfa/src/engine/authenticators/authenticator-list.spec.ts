import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { newAuthenticator } from '../rows/authenticator.entity.js';
import type { AuthenticatorDetails } from './authenticator-list.js';
import { AUTHENTICATOR_DETAILS, AuthenticatorList, keyFactsOf } from './authenticator-list.js';

const CREATED = new Date(1_800_000_000_000);
const USED = new Date(1_800_000_060_000);
const USER = { id: 7 };

const row = (id: string, type: Authenticator['type'], changed: Partial<Authenticator> = {}) =>
  newAuthenticator({ id, userId: '7', type, name: `The ${id}`, createdAt: CREATED, ...changed });

const APP = row('app', 'totp', { lastUsedAt: USED, data: 'secret', failures: 2, lastStep: 5 });
const KEY = row('key', 'webauthn', { suspendedAt: USED });
const CODES = row('codes', 'recovery_codes', { remaining: 0 });

const view = ({ id, type, name }: Authenticator, changed: object = {}) => ({
  id,
  type,
  name,
  createdAt: CREATED,
  lastUsedAt: null,
  locked: false,
  suspended: false,
  ...changed,
});
const APP_VIEW = view(APP, { lastUsedAt: USED });
const KEY_VIEW = view(KEY, { locked: true, suspended: true });

/** The details of a factor: what it answers, or throws. */
const details = (type: Authenticator['type'], answer: ReadonlyMap<string, object> | (() => never)) => {
  const asked: unknown[] = [];
  const factor: AuthenticatorDetails = {
    type,
    describe: (userId, rows) => {
      asked.push([userId, rows.map(({ id }) => id)]);
      return Promise.resolve(typeof answer === 'function' ? answer() : answer);
    },
  };
  return { factor, asked };
};
const throwing = (type: Authenticator['type'], thrown: unknown) =>
  details(type, () => {
    throw thrown;
  }).factor;

const listOf = (rows: Authenticator[], ...factors: AuthenticatorDetails[]) =>
  new AuthenticatorList(
    {
      find: (userId: string) => Promise.resolve(userId === '7' ? rows : []),
      isLocked: ({ suspendedAt }: Authenticator) => suspendedAt !== null,
    } as never,
    factors,
  );

describe('the list of a user’s authenticators', () => {
  it('shows nothing that is secret, and how many proofs are left where they are counted', async () => {
    await expect(listOf([APP, KEY, CODES]).find(USER)).resolves.toEqual([
      APP_VIEW,
      KEY_VIEW,
      view(CODES, { remaining: 0 }),
    ]);
    expect(await listOf([APP]).find(USER)).not.toContainEqual(
      expect.objectContaining({ remaining: expect.anything() }),
    );
  });

  it('has one type only if one is asked for', async () => {
    await expect(listOf([APP, KEY, CODES]).find(USER, 'webauthn')).resolves.toEqual([KEY_VIEW]);
  });

  it('shows a name without what would make it look like another', async () => {
    const forged = { ...APP, name: '\u202eppa ehT' };
    await expect(listOf([forged]).find(USER)).resolves.toMatchObject([{ name: 'ppa ehT' }]);
  });

  it('has the details that factors add to their own', async () => {
    const { factor, asked } = details('webauthn', new Map([['key', { transports: ['usb'] }]]));
    await expect(listOf([APP, KEY], factor).find(USER)).resolves.toEqual([
      APP_VIEW,
      { ...KEY_VIEW, transports: ['usb'] },
    ]);
    expect(asked).toEqual([['7', ['app', 'key']]]);
  });

  it('asks no factor of which there is none in it', async () => {
    const { factor, asked } = details('webauthn', new Map());
    await expect(listOf([APP, KEY], factor).find(USER, 'totp')).resolves.toEqual([APP_VIEW]);
    expect(asked).toEqual([]);
  });

  it.each([
    [new Error('unreadable'), 'unreadable'],
    ['boom', ''],
    [new MfaException('invalid_request'), 'The request is not valid.'],
  ])('lacks the details of a factor that throws %p, and nothing else', async (thrown, text) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { factor } = details('totp', new Map([['app', { issuer: 'Example' }]]));
    const list = listOf([APP, KEY], throwing('webauthn', thrown), factor);
    await expect(list.find(USER)).resolves.toEqual([{ ...APP_VIEW, issuer: 'Example' }, KEY_VIEW]);
    expect(warn.mock.calls).toEqual([[`The details of webauthn can't be listed: ${text}`]]);
    warn.mockRestore();
  });

  it.each(['storage_unavailable', 'conflict'] as const)('fails if the database answers %s', async (code) => {
    const away = new MfaException(code);
    await expect(listOf([KEY], throwing('webauthn', away)).find(USER)).rejects.toBe(away);
  });
});

describe('what the proofs of a user’s keys will show', () => {
  it('is what all factors with keys know', async () => {
    const factor = (...facts: object[]): AuthenticatorDetails => ({
      ...details('webauthn', new Map()).factor,
      keyFacts: (userId) => Promise.resolve(userId === '7' ? facts : []),
    });
    const withoutKeys = details('totp', new Map()).factor;
    const factors = [factor({ backedUp: true }), withoutKeys, factor({ attested: true }, {})];
    await expect(keyFactsOf(factors, '7')).resolves.toEqual([{ backedUp: true }, { attested: true }, {}]);
  });

  it('is collected under a token that all copies of the module share', () => {
    expect(AUTHENTICATOR_DETAILS).toBe(Symbol.for('nestjs-mfa:AUTHENTICATOR_DETAILS'));
  });
});
