import { Agent, request } from 'node:http';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { MfaLoginResult } from 'nestjs-mfa';
import { MfaService } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { eventually, turns } from '../support/eventually.js';
import { Gate } from '../support/gate.js';
import type { TestApp } from '../support/test-app.js';
import { newUserId, startTestApp } from '../support/test-app.js';

const REASON = 'called inside an open transaction of the application';

let hasArrived = false;

/** Notes the arrival of a request that signs in. */
const watchLogins = (app: INestApplication): void => {
  app.use('/login', (_request: object, _response: object, next: () => void) => {
    hasArrived = true;
    next();
  });
};

function closedGate(): Gate {
  const gate = new Gate();
  gate.close();
  return gate;
}

describe('a sign-in inside a transaction of the application', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ configure: watchLogins });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    hasArrived = false;
  });

  const login = (): Promise<MfaLoginResult> =>
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

  it('fails inside one although a second one in it has ended', async () => {
    const work = test.dataSource.transaction(async () => {
      await test.dataSource.transaction(() => Promise.resolve());
      return login();
    });
    await expect(work).rejects.toThrow(REASON);
  });

  it('fails when the DataSource was opened anew, too, and works outside of one', async () => {
    await test.dataSource.destroy();
    await test.dataSource.initialize();
    await expect(test.dataSource.transaction(() => login())).rejects.toThrow(REASON);
    const runner = test.dataSource.createQueryRunner();
    await runner.startTransaction();
    await expect(login()).rejects.toThrow(REASON);
    await runner.rollbackTransaction();
    await runner.release();
    await expect(login()).resolves.toMatchObject({ status: 'authenticated' });
  });

  it('beside one, before it or after it, works', async () => {
    const gate = closedGate();
    const beside = test.dataSource.transaction(() => gate.pass());
    await gate.holds(1);
    const during = login();
    await turns();
    gate.open();
    await expect(during).resolves.toMatchObject({ status: 'authenticated' });
    await beside;

    const [first, second] = [closedGate(), closedGate()];
    const signInAfter = async (open: Gate) => {
      await test.dataSource.transaction(() => open.pass());
      return login();
    };
    const one = signInAfter(first);
    await first.holds(1);
    // On SQLite the second one is a savepoint of the first.
    const other = signInAfter(second);
    await second.holds(1);
    first.open();
    await turns();
    second.open();
    const answers = await Promise.all([one, other]);
    expect(answers.map(({ status }) => status)).toEqual(['authenticated', 'authenticated']);
  });

  it('of another request that waits meanwhile works', async () => {
    const others = Promise.all([login(), login()]);
    await test.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
    });
    await expect(others).resolves.toHaveLength(2);
    const gate = closedGate();
    const transaction = test.dataSource.transaction(() => gate.pass());
    await gate.holds(1);
    // Another request: what it runs in was not begun inside the transaction.
    const other = new Promise<MfaLoginResult>((resolve, reject) => {
      setImmediate(() => {
        test
          .client()
          .post('/login', { id: newUserId() })
          .then((answer) => resolve(answer.body as MfaLoginResult), reject);
      });
    });
    await eventually('sign-in', () => hasArrived);
    await turns();
    gate.open();
    await transaction;
    await expect(other).resolves.toMatchObject({ status: 'authenticated' });
  });

  it('over a connection whose last request has left one open works', async () => {
    const gate = closedGate();
    let slow: Promise<void> | undefined;
    const other = await startTestApp({
      configure: (app) => {
        app.use((request: { headers: Record<string, string> }, _response: object, next: () => void) => {
          if (request.headers['x-slow']) slow = app.get(DataSource).transaction(() => gate.pass());
          next();
        });
        watchLogins(app);
      },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (method: string, path: string, headers: Record<string, string>, body = '') =>
      new Promise<number>((resolve, reject) => {
        const sent = request(other.url + path, { method, agent, headers }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        });
        sent.on('error', reject).end(body);
      });
    await send('GET', '/public', { 'x-slow': '1' });
    await gate.holds(1);
    const answer = send('POST', '/login', { 'content-type': 'application/json' }, `{"id":"${newUserId()}"}`);
    await eventually('sign-in', () => hasArrived);
    await turns();
    gate.open();
    const status = await answer;
    await slow;
    agent.destroy();
    await other.close();
    expect(status).toBe(200);
  });
});
