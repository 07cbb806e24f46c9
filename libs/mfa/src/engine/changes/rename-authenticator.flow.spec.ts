import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { MfaRequest } from '../rows/mfa-request.js';
import type { ChangeOrigin, FactorState, PlannedChange } from './factor-change.js';
import { RenameAuthenticatorFlow } from './rename-authenticator.flow.js';

const ADA = { id: 'ada' };
const context = new MfaRequest({}, { user: ADA });
const app = (id: string, userId = 'ada') =>
  newAuthenticator({ id, userId, type: 'totp', name: 'Old name', createdAt: new Date(0) });

describe('an authenticator that is renamed', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
  });
  beforeEach(async () => {
    await dataSource.createQueryBuilder().delete().from(Authenticator).execute();
    await dataSource.getRepository(Authenticator).insert([app('one'), app('other')]);
  });
  afterAll(() => close());

  /** Renames one of these authenticators, and says what came of it. */
  const rename = async (id: string, authenticators: Authenticator[]) => {
    const seen = { origin: null as ChangeOrigin | null, planned: null as PlannedChange<unknown> | null };
    const run = async (
      _: MfaUser,
      origin: ChangeOrigin,
      plan: (state: FactorState) => Promise<PlannedChange<unknown>>,
    ) => {
      const planned = await plan({ userId: 'ada', authenticators, session: null });
      Object.assign(seen, { origin, planned });
      return planned.result;
    };
    const flow = new RenameAuthenticatorFlow({ run } as never, storage);
    const renamed = await flow.rename(ADA, id, 'New name', context);
    const outcome = await storage.commit(seen.planned?.writes ?? []);
    return { renamed, outcome, ...seen };
  };
  const names = async () => {
    const rows = await dataSource.getRepository(Authenticator).find();
    return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
  };

  it('has the new name, and no other does', async () => {
    const former = app('one');
    const { renamed, origin } = await rename('one', [app('other'), former]);
    expect(await names()).toEqual({ one: 'New name', other: 'Old name' });
    expect(renamed).toEqual({ ...former, name: 'New name' });
    expect(renamed).toBeInstanceOf(Authenticator);
    expect(former.name).toBe('Old name');
    expect(origin).toEqual({ context });
  });

  it('is told of with its former name, and leaves the factors as they are', async () => {
    const { planned } = await rename('one', [app('one')]);
    const authenticator = { id: 'one', type: 'totp', name: 'New name' };
    const data = { authenticator, formerName: 'Old name' };
    expect(planned).toMatchObject({
      keepsFactors: true,
      events: [{ type: 'mfa.authenticator.renamed', data }],
    });
  });

  it('is not found if there is none with that id', async () => {
    await expect(rename('gone', [app('one')])).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['it is gone since it was read', 'gone', 'ada'],
    ['it is another user’s', 'of-eve', 'eve'],
  ])('is lost if %s, and then not found', async (_, id, userId) => {
    await dataSource.getRepository(Authenticator).insert(app('of-eve', 'eve'));
    const { outcome, planned } = await rename(id, [app(id, userId)]);
    expect(outcome).toEqual({ committed: false, lost: 'authenticator' });
    expect(planned?.onLost).toEqual({ authenticator: 'not_found' });
    expect(await names()).toMatchObject({ 'of-eve': 'Old name' });
  });
});
