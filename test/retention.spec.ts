import { describe, expect, it } from '@jest/globals';
import type { ModuleMetadata } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthenticationSession, AuditEntry, MfaAdminService, MfaModule, TotpSetup } from 'nestjs-mfa';

import { Leases } from '../libs/mfa/src/retention/leases.js';
import { RetentionJob } from '../libs/mfa/src/retention/retention-job.js';
import { emptyDatabase } from './support/databases.js';
import { SECRET, codeOf, enrol, halfSignIn, newUserId, startTestApp } from './support/test-app.js';

const DAY = 86_400;

describe('what has expired', () => {
  it('is removed, a few rows at a time, and nothing else', async () => {
    const test = await startTestApp({
      mfa: {
        retention: { batchSize: 4 },
        trustedDevices: { enabled: true },
        audit: { enabled: true, retentionDays: 30 },
      },
    });
    const user = await enrol(test);
    const browser = await halfSignIn(test, user);
    await browser.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), trustDevice: true });
    for (let i = 0; i < 10; i++) await test.client().post('/login', { id: newUserId() });
    const setup = test.client();
    await setup.post('/login', { id: newUserId() });
    await setup.post('/mfa/totp');

    test.clock.advance(DAY);
    const living = test.client();
    await living.post('/login', { id: newUserId() });
    const admin = test.app.get(MfaAdminService);
    const statements = await test.logger.statementsOf(async () => {
      await expect(admin.purgeExpired()).resolves.toEqual({
        sessions: 13,
        totpSetups: 1,
        challenges: 0,
        trustedDevices: 0,
        auditEntries: 0,
      });
    });
    expect(statements.filter((sql) => /DELETE FROM .?mfa_session/.test(sql))).toHaveLength(4);
    expect((await living.get('/me')).status).toBe(200);
    expect((await test.client().post('/login', { id: user.id })).body.status).toBe('mfa_required');
    await expect(admin.purgeExpired()).resolves.toMatchObject({ sessions: 0, totpSetups: 0 });

    test.clock.advance(30 * DAY);
    const before = await test.dataSource.getRepository(AuditEntry).count();
    const { trustedDevices, auditEntries } = await admin.purgeExpired();
    expect(trustedDevices).toBe(1);
    expect(auditEntries).toBeGreaterThan(10);
    expect(await test.dataSource.getRepository(AuditEntry).count()).toBe(before - auditEntries);
    await test.close();
  });

  it('leaves the tables as small as they were, under load', async () => {
    const test = await startTestApp({ mfa: { retention: { batchSize: 50 } } });
    const job = test.app.get(RetentionJob);
    const sizes = [];
    for (let day = 0; day < 3; day++) {
      await Promise.all(
        Array.from({ length: 40 }, async () => {
          const client = test.client();
          await client.post('/login', { id: newUserId() });
          await client.post('/mfa/totp');
        }),
      );
      sizes.push([
        await test.dataSource.getRepository(AuthenticationSession).count(),
        await test.dataSource.getRepository(TotpSetup).count(),
      ]);
      test.clock.advance(DAY);
      await job.run();
    }
    expect(sizes).toEqual([
      [40, 40],
      [40, 40],
      [40, 40],
    ]);
    expect(await test.dataSource.getRepository(AuthenticationSession).count()).toBe(0);
    await test.close();
  });

  it('is removed by one instance at a time; one that died is not waited for', async () => {
    const test = await startTestApp();
    const job = test.app.get(RetentionJob);
    const mine = test.app.get(Leases);
    const other = new Leases(
      (mine as unknown as { storage: ConstructorParameters<typeof Leases>[0] }).storage,
      test.clock,
    );
    const taken = await Promise.all([
      mine.take('work', 1000),
      other.take('work', 1000),
      other.take('work', 1000),
      mine.take('work', 1000),
    ]);
    const isMine = taken[0] || taken[3];
    expect(taken[1] || taken[2]).toBe(!isMine);
    const [winner, loser] = isMine ? [mine, other] : [other, mine];
    await expect(winner.take('work', 1000)).resolves.toBe(true);
    await expect(loser.take('work', 1000)).resolves.toBe(false);
    await loser.giveBack('work');
    await expect(loser.take('work', 1000)).resolves.toBe(false);
    test.clock.advance(1);
    await expect(loser.take('work', 1000)).resolves.toBe(true);
    await loser.giveBack('work');
    await expect(winner.take('work', 1000)).resolves.toBe(true);

    await other.take('nestjs-mfa:purge', 60_000);
    await expect(job.run()).resolves.toBeNull();
    await test.close();
  });

  it('is removed every now and then, in the registry of @nestjs/schedule where there is one', async () => {
    const { orm, drop } = await emptyDatabase();
    const boot = async (imports: NonNullable<ModuleMetadata['imports']>, everySeconds = 1) => {
      const module = await Test.createTestingModule({
        imports: [
          ...imports,
          TypeOrmModule.forRoot({ ...orm, autoLoadEntities: true, synchronize: true }),
          MfaModule.forRoot({ secret: SECRET, retention: { everySeconds } }),
        ],
      }).compile();
      await module.init();
      return module;
    };
    const scheduled = await boot([ScheduleModule.forRoot()]);
    expect(scheduled.get(SchedulerRegistry).getIntervals()).toEqual(['nestjs-mfa:purge']);
    await scheduled.close();

    const alone = await boot([]);
    const ran = new Promise((resolve) => {
      const job = alone.get(RetentionJob, { strict: false });
      job.run = () => {
        resolve('ran');
        return Promise.resolve(null);
      };
    });
    await expect(ran).resolves.toBe('ran');
    await alone.close();

    const never = await boot([ScheduleModule.forRoot()], 0);
    expect(never.get(SchedulerRegistry).getIntervals()).toEqual([]);
    await never.close();
    await drop();
  });
});
