import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject } from '@nestjs/common';
import type { HealthCheckResult } from '@nestjs/terminus';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { MfaHealthIndicator } from 'nestjs-mfa/terminus';

import { eventually } from '../support/eventually.js';
import type { TestApp } from '../support/test-app.js';
import { enroll, startTestApp } from '../support/test-app.js';

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(MfaHealthIndicator) private readonly mfa: MfaHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.mfa.isHealthy('mfa', { timeoutMs: 300 })]);
  }
}

const HealthModule = {
  module: class HealthModule {},
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [MfaHealthIndicator],
};

describe('the health indicator', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = await startTestApp({ imports: [HealthModule], mfa: { storage: { timeoutSeconds: 1 } } });
  });
  afterEach(() => test.close());

  const ask = async () => {
    const { status, body } = await test.client().get('/health');
    return { status, mfa: body.details.mfa };
  };
  const logged = () =>
    test.logger.lines.flatMap(
      (line) => /^((?:database|tables|secret): .*) undefined MfaHealthIndicator$/.exec(line)?.[1] ?? [],
    );

  it('is up where somebody could sign in, with one small statement', async () => {
    await enroll(test);
    expect(await ask()).toEqual({ status: 200, mfa: { status: 'up' } });
    const statements = await test.logger.statementsOf(ask);
    expect(statements).toHaveLength(1);
    expect(logged()).toEqual([]);
  });

  it('is down when a table is gone, and the answer does not say which', async () => {
    const { tablePath } = test.dataSource.entityMetadatas.find(({ name }) => name === 'MfaFactorSetup') as {
      tablePath: string;
    };
    await test.dataSource.query(`ALTER TABLE ${tablePath} RENAME TO mfa_elsewhere`);
    expect(await ask()).toEqual({ status: 503, mfa: { status: 'down', problem: 'tables' } });
    expect(logged()).toEqual([`tables: the database lacks ${tablePath}`]);
    await test.dataSource.query(`ALTER TABLE mfa_elsewhere RENAME TO ${tablePath}`);
    expect((await ask()).status).toBe(200);
  });

  it('is down while the database refuses, and logs that once', async () => {
    const original = test.dataSource.createQueryRunner.bind(test.dataSource);
    test.dataSource.createQueryRunner = () => {
      throw new Error('connect ECONNREFUSED db.internal:5432');
    };
    const answers = [await ask(), await ask()];
    test.dataSource.createQueryRunner = original;
    for (const answer of answers)
      expect(answer).toEqual({ status: 503, mfa: { status: 'down', problem: 'database' } });
    expect(logged()).toEqual(['database: connect ECONNREFUSED db.internal:5432']);
    expect(await ask()).toEqual({ status: 200, mfa: { status: 'up' } });
  });

  /** Each statement takes so many milliseconds more. */
  function slowDown(milliseconds: number): () => void {
    const original = test.dataSource.createQueryRunner.bind(test.dataSource);
    test.dataSource.createQueryRunner = (mode) => {
      const runner = original(mode);
      const query = runner.query.bind(runner);
      runner.query = async (...given: Parameters<typeof query>) => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        return query(...given) as never;
      };
      return runner;
    };
    return () => {
      test.dataSource.createQueryRunner = original;
    };
  }

  it('is down when the database does not answer in time', async () => {
    const restore = slowDown(600);
    const startedAt = Date.now();
    expect(await ask()).toEqual({ status: 503, mfa: { status: 'down', problem: 'database' } });
    expect(Date.now() - startedAt).toBeLessThan(590);
    restore();
  });

  it('answers in time while a statement hangs, and is up again when the next one does not', async () => {
    let isHanging = true;
    const original = test.dataSource.createQueryRunner.bind(test.dataSource);
    test.dataSource.createQueryRunner = (mode) => {
      const runner = original(mode);
      const query = runner.query.bind(runner);
      runner.query = (...given: Parameters<typeof query>) =>
        isHanging ? new Promise(() => undefined) : query(...given);
      return runner;
    };
    const startedAt = Date.now();
    expect(await ask()).toEqual({ status: 503, mfa: { status: 'down', problem: 'database' } });
    expect(Date.now() - startedAt).toBeLessThan(900);
    isHanging = false;
    await eventually('answer that it is up', async () => (await ask()).status === 200, 4000);
  });

  it('is up in the end where each statement is slow, and none too slow', async () => {
    const original = test.dataSource.createQueryRunner.bind(test.dataSource);
    // SQLite has one for all.
    const slowed = new WeakSet();
    test.dataSource.createQueryRunner = (mode) => {
      const runner = original(mode);
      if (slowed.has(runner)) return runner;
      slowed.add(runner);
      const query = runner.query.bind(runner);
      runner.query = async (...given: Parameters<typeof query>) => {
        await wait(150);
        return query(...given) as never;
      };
      return runner;
    };
    expect((await ask()).status).toBe(503);
    await eventually('answer that it is up', async () => (await ask()).status === 200, 6000);
  });

  it('looks once for all who ask meanwhile', async () => {
    const indicator = test.app.get(MfaHealthIndicator, { strict: false });
    await indicator.isHealthy();
    const askThrice = async () => {
      const answers = [1, 2, 3].map(() => indicator.isHealthy('mfa', { timeoutMs: 10_000 }));
      expect(await Promise.all(answers)).toEqual([1, 2, 3].map(() => ({ mfa: { status: 'up' } })));
    };
    expect(await test.logger.statementsOf(askThrice)).toHaveLength(1);
  });

  it('is down when another instance writes with a secret that this one does not have', async () => {
    await ask();
    const table = test.dataSource.entityMetadatas.find(({ name }) => name === 'MfaStoredKey')?.tablePath;
    await test.dataSource.query(`INSERT INTO ${table} (id, data) VALUES ('secret:AbCdEfGh', '')`);
    expect(await ask()).toEqual({ status: 503, mfa: { status: 'down', problem: 'secret' } });
    expect(logged()).toEqual(['secret: `secret` lacks the key ids AbCdEfGh']);
  });
});
