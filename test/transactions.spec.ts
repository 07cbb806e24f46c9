import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LoginResult } from 'nestjs-mfa';
import { MfaService } from 'nestjs-mfa';

import type { TestApp } from './support/test-app.js';
import { newUserId, startTestApp } from './support/test-app.js';

const REASON = 'called inside an open transaction of the application';

describe('a sign-in inside a transaction of the application', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  const login = (): Promise<LoginResult> =>
    test.app.get(MfaService).login(
      { id: newUserId() },
      {
        request: { headers: { 'x-mfa-session': 'new' }, method: 'POST' },
        response: { getHeader: () => undefined, setHeader: () => undefined },
      },
    );

  it('fails at once and says so, deep inside as well', async () => {
    const begun = performance.now();
    await expect(test.dataSource.transaction(() => login())).rejects.toThrow(REASON);
    await expect(
      test.dataSource.transaction(async (manager) => {
        await manager.query('SELECT 1');
        await manager.transaction(() => Promise.resolve());
        return Promise.all([login()]);
      }),
    ).rejects.toThrow(REASON);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it('fails between BEGIN and COMMIT of a query runner, and works after them', async () => {
    const runner = test.dataSource.createQueryRunner();
    for (const end of ['commitTransaction', 'rollbackTransaction'] as const) {
      await runner.startTransaction();
      await expect(login()).rejects.toThrow(REASON);
      await runner[end]();
      await expect(login()).resolves.toMatchObject({ status: 'authenticated' });
    }
    await runner.startTransaction();
    await runner.commitTransaction();
    await runner.release();
    await expect(login()).resolves.toMatchObject({ status: 'authenticated' });
  });

  it('of another request that waits meanwhile works', async () => {
    const others = Promise.all([login(), login()]);
    await test.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
    });
    await expect(others).resolves.toHaveLength(2);
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    const transaction = test.dataSource.transaction(() => held);
    // Another request: what it runs in was not begun inside the transaction.
    const other = new Promise<LoginResult>((resolve, reject) => {
      setImmediate(() => {
        test
          .client()
          .post('/login', { id: newUserId() })
          .then((answer) => resolve(answer.body as LoginResult), reject);
      });
    });
    setTimeout(end, 100);
    await transaction;
    await expect(other).resolves.toMatchObject({ status: 'authenticated' });
  });
});
