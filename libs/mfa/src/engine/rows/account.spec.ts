import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import type { MfaType } from '../../core/policy/methods.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AccountsService } from '../authenticators/accounts.service.js';
import { Authenticator, newAuthenticator } from './authenticator.entity.js';
import { MfaUserState } from './mfa-user-state.entity.js';

const EARLY = new Date(1_800_000_000_000);
const LATE = new Date(1_800_000_000_001);

describe('the account of a user', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let accounts: AccountsService;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaUserState, Authenticator));
    const options = { storage: { timeoutSeconds: 5, preparedStatements: false } };
    accounts = new AccountsService(new MfaStorage(dataSource, options as never));
    await dataSource
      .getRepository(MfaUserState)
      .insert([{ userId: 'ada', version: 3 }, { userId: 'bob' }, { userId: 'carl' }]);
    await dataSource
      .getRepository(Authenticator)
      .insert([
        row('new key', { type: 'webauthn', createdAt: LATE }),
        row('codes', { type: 'recovery_codes', remaining: 10 }),
        row('app'),
        row('key', { type: 'webauthn' }),
        row('codes of Carl', { type: 'recovery_codes', userId: 'carl', remaining: 10 }),
        row('first factor of Carl', { type: 'a_factor' as MfaType, userId: 'carl' }),
        row('of an unknown user', { userId: 'eve' }),
      ]);
  });
  afterAll(() => close());

  /** An authenticator of Ada's. */
  const row = (id: string, changed: Partial<Authenticator> = {}) =>
    newAuthenticator({ id, userId: 'ada', type: 'totp', name: id, createdAt: EARLY, ...changed });

  it('has the row of the user, and the authenticators, oldest first, recovery codes after others', async () => {
    const { state, authenticators } = await accounts.find('ada');
    expect(state).toMatchObject({ userId: 'ada', version: 3 });
    expect(authenticators).toEqual([
      row('key', { type: 'webauthn' }),
      row('app'),
      row('codes', { type: 'recovery_codes', remaining: 10 }),
      row('new key', { type: 'webauthn', createdAt: LATE }),
    ]);
  });

  it('has recovery codes after the factor they came with, whatever that is called', async () => {
    const { authenticators } = await accounts.find('carl');
    expect(authenticators.map(({ name }) => name)).toEqual(['first factor of Carl', 'codes of Carl']);
  });

  it('has no authenticators of others', async () => {
    const { state, authenticators } = await accounts.find('bob');
    expect(state).toMatchObject({ userId: 'bob' });
    expect(authenticators).toEqual([]);
  });

  it('is empty without a row of the user', async () => {
    await expect(accounts.find('nobody')).resolves.toEqual({ state: null, authenticators: [] });
  });
});
