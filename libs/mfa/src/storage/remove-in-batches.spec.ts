import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AuthenticationSession, AuthenticationSessionService } from 'nestjs-mfa';

import { MfaStorage } from './mfa-storage.js';
import { removeInBatches } from './remove-in-batches.js';
import { ENGINE } from '../../../../test/support/databases.js';
import type { TestApp } from '../../../../test/support/test-app.js';
import { newUserId, startTestApp } from '../../../../test/support/test-app.js';

describe(`removing rows in batches (${ENGINE})`, () => {
  let test: TestApp;
  let storage: MfaStorage;
  beforeAll(async () => {
    test = await startTestApp();
    storage = test.app.get(MfaStorage);
  });
  afterAll(() => test.close());

  it('leaves a row that has come to count again since it was found', async () => {
    const sessions = test.app.get(AuthenticationSessionService);
    const begin = async () => (await sessions.create({ id: newUserId() })).session;
    const [over, renewed] = [await begin(), await begin()];
    const limit = new Date(over.expiresAt.getTime() + 1000);
    const rows = test.dataSource.getRepository(AuthenticationSession);
    const write = storage.write.bind(storage);
    jest.spyOn(storage, 'write').mockImplementationOnce(async (query) => {
      await rows.update({ id: renewed.id }, { expiresAt: new Date(limit.getTime() + 1000) });
      return write(query);
    });

    const removal = {
      entity: AuthenticationSession,
      key: 'id',
      by: 'expiresAt',
      operator: '<=',
      limit,
    } as const;
    expect(await removeInBatches(storage, removal, 10)).toBe(1);
    expect((await rows.find()).map(({ id }) => id)).toEqual([renewed.id]);
  });
});
