import { describe, expect, it } from '@jest/globals';
import type { ModuleMetadata } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import {
  MfaAuditEntry,
  AuthenticationSession,
  MfaAdminService,
  MfaAuditService,
  MfaModule,
  TotpSetup,
  TrustedDevice,
  WebAuthnChallenge,
} from 'nestjs-mfa';
import type { DataSource } from 'typeorm';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { emptyDatabase, sharedDatabase } from '../support/databases.js';
import { eventually } from '../support/eventually.js';
import {
  RELYING_PARTY,
  SECRET,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

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
    const user = await enroll(test);
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
        factorSetups: 0,
        factorChallenges: 0,
        factorRows: 0,
        auditEntries: 0,
        recoveryCodeKeys: 0,
      });
    });
    expect(statements.filter((sql) => /DELETE FROM .?mfa_session/.test(sql))).toHaveLength(4);
    expect((await living.get('/me')).status).toBe(200);
    expect((await test.client().post('/login', { id: user.id })).body.status).toBe('mfa_required');
    await expect(admin.purgeExpired()).resolves.toMatchObject({ sessions: 0, totpSetups: 0 });

    test.clock.advance(30 * DAY);
    const before = await test.dataSource.getRepository(MfaAuditEntry).count();
    const { trustedDevices, auditEntries } = await admin.purgeExpired();
    expect(trustedDevices).toBe(1);
    expect(auditEntries).toBeGreaterThan(10);
    expect(await test.dataSource.getRepository(MfaAuditEntry).count()).toBe(before - auditEntries);
    await test.close();
  }, 20_000);

  it('takes the audit trail away in batches too', async () => {
    const test = await startTestApp({
      mfa: { retention: { batchSize: 10 }, audit: { enabled: true, retentionDays: 1 } },
    });
    for (let i = 0; i < 25; i++) await test.client().post('/login', { id: newUserId() });
    test.clock.advance(2 * DAY);
    const statements = await test.logger.statementsOf(async () => {
      await expect(test.app.get(MfaAuditService).purge()).resolves.toBe(25);
    });
    expect(statements.filter((sql) => /DELETE FROM .?mfa_audit_entry/.test(sql))).toHaveLength(3);
    await test.close();
  });

  it('stays flat under load: what comes in an hour goes when its time is over', async () => {
    const HOURS = 36;
    const test = await startTestApp({
      mfa: {
        webauthn: RELYING_PARTY,
        retention: { batchSize: 7 },
        session: { ttlSeconds: 12 * 3600 },
        trustedDevices: { enabled: true, ttlSeconds: 6 * 3600 },
        audit: { enabled: true, retentionDays: 1 },
      },
    });
    const key = new SoftwareAuthenticator();
    const user = await enroll(test);
    const { body: creation } = await user.client.post('/mfa/webauthn/options');
    await user.client.post('/mfa/webauthn', { credential: key.create(creation) });
    const admin = test.app.get(MfaAdminService);
    const tables = [AuthenticationSession, TotpSetup, WebAuthnChallenge, TrustedDevice, MfaAuditEntry];
    const sizes: number[][] = [];
    for (let hour = 0; hour < HOURS; hour++) {
      test.clock.advance(3600);
      await Promise.all(
        Array.from({ length: 3 }, async () => {
          const client = test.client();
          await client.post('/login', { id: newUserId() });
          await client.post('/mfa/totp');
        }),
      );
      const withApp = await halfSignIn(test, user);
      const code = codeOf(user.secret, test.clock);
      expect((await withApp.post('/mfa/authenticate', { code, trustDevice: true })).status).toBe(200);
      const withKey = await halfSignIn(test, user);
      const { body: request } = await withKey.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(request);
      expect((await withKey.post('/mfa/authenticate/webauthn', { credential })).status).toBe(200);
      await admin.purgeExpired();
      sizes.push(
        await Promise.all(tables.map((table) => test.dataSource.getRepository<object>(table).count())),
      );
    }
    // A session lives for twelve hours, a trusted browser for six, an entry of the trail for a day, a used challenge for one
    // hour more than it would have; after that they stay as many.
    const settled = sizes.slice(26);
    expect(settled).toEqual(Array(settled.length).fill(settled[0]));
    const [sessions, setups, challenges, devices, entries] = settled[0] as number[];
    expect([sessions, setups, challenges, devices]).toEqual([12 * 5, 3, 2, 6]);
    expect(entries).toBeGreaterThan(24 * 5);
    await test.close();
  }, 60_000);

  it('may be removed by several instances at once, and is counted by one of them', async () => {
    const { orm, drop } = await sharedDatabase();
    const mfa = { retention: { batchSize: 2 }, audit: { enabled: true, retentionDays: 1 } };
    const first = await startTestApp({ orm, mfa });
    const instances = [first, await startTestApp({ orm, mfa }), await startTestApp({ orm, mfa })];
    for (let i = 0; i < 9; i++) {
      const client = first.client();
      await client.post('/login', { id: newUserId() });
      await client.post('/mfa/totp');
    }
    const entries = await first.dataSource.getRepository(MfaAuditEntry).count();
    for (const { clock } of instances) clock.advance(2 * DAY);
    const living = first.client();
    await living.post('/login', { id: newUserId() });
    const results = await Promise.all(instances.map(({ app }) => app.get(MfaAdminService).purgeExpired()));
    const sum = (name: 'sessions' | 'totpSetups' | 'auditEntries') =>
      results.reduce((total, result) => total + result[name], 0);
    const alive = await living.get('/me');
    for (const instance of instances) await instance.close();
    await drop();
    expect([sum('sessions'), sum('totpSetups'), sum('auditEntries')]).toEqual([9, 9, entries]);
    expect(alive.status).toBe(200);
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
    const sessions = alone.get<DataSource>(getDataSourceToken()).getRepository(AuthenticationSession);
    const past = new Date(Date.now() - 1000);
    await sessions.insert({
      id: 'over',
      userId: newUserId(),
      tokenHash: 'of nothing',
      status: 'pending',
      methods: [],
      createdAt: past,
      expiresAt: past,
    });
    await eventually('purge', async () => (await sessions.count()) === 0);
    await alone.close();

    const never = await boot([ScheduleModule.forRoot()], 0);
    expect(never.get(SchedulerRegistry).getIntervals()).toEqual([]);
    await never.close();
    await drop();
  });
});
