import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MfaEncryptionContext } from 'nestjs-mfa';
import { MFA_ENTITIES, MfaAdminService, MfaService, mfaMigrations } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { TestClock } from '../support/clock.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, codeOf, startTestApp, users } from '../support/test-app.js';

const FIXTURE = 'test/fixtures/before-factors';
const { secret, madeAt, ada, grace, joan } = JSON.parse(readFileSync(`${FIXTURE}.json`, 'utf8'));
/** What the migrations since then take away on purpose. */
const GONE = ['mfa_lease', 'migrations'];

type Row = Record<string, unknown>;

/** All rows by table, each table in the order of its first column. */
async function rowsByTable(dataSource: DataSource): Promise<Record<string, Row[]>> {
  const tables = await dataSource.query<{ name: string }[]>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const entries = tables.map(async ({ name }) => [
    name,
    await dataSource.query(`SELECT * FROM ${name} ORDER BY 1, 2`),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

describe('a database of the last version before factors could plug in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-old-'));
  const database = join(folder, 'old.sqlite');
  let before: Record<string, Row[]>;
  let after: Record<string, Row[]>;
  let test: TestApp;

  beforeAll(async () => {
    const old = await new DataSource({
      type: 'better-sqlite3',
      database,
      entities: MFA_ENTITIES,
      migrations: mfaMigrations,
    }).initialize();
    for (const line of readFileSync(`${FIXTURE}.sql`, 'utf8').split('\n')) {
      if (line !== '' && !line.startsWith('--')) await old.query(line);
    }
    before = await rowsByTable(old);
    await old.runMigrations();
    after = await rowsByTable(old);
    await old.destroy();
    test = await startTestApp({
      orm: { type: 'better-sqlite3', database, synchronize: false },
      mfa: {
        secret,
        webauthn: RELYING_PARTY,
        trustedDevices: { enabled: true },
        audit: { enabled: true, retentionDays: 365 },
      },
    });
    // The moment at which it was made, when the clocks of tests start where they did then.
    test.clock.advance((madeAt - new TestClock().now()) / 1000);
    for (const { id } of [ada, grace, joan]) users.set(id, { id, email: `${id}@example.com` });
  });

  afterAll(async () => {
    await test.close();
    rmSync(folder, { recursive: true });
  });

  const signIn = async (id: string): Promise<Client> => {
    const client = test.client();
    const { body } = await client.post('/login', { id });
    expect(body.status).toBe('mfa_required');
    return client;
  };

  const browserOf = (cookies: Record<string, string>): Client => {
    const client = test.client();
    for (const [name, value] of Object.entries(cookies)) client.cookies.set(name, value);
    return client;
  };

  it('keeps every value through the migrations', () => {
    const kept = Object.entries(before).filter(([name]) => !GONE.includes(name));
    expect(kept.map(([name]) => name)).toHaveLength(10);
    for (const [name, rows] of kept) {
      expect([name, after[name]]).toEqual([name, rows.map((row): unknown => expect.objectContaining(row))]);
    }
    for (const name of [
      'mfa_authenticator',
      'mfa_webauthn_credential',
      'mfa_trusted_device',
      'mfa_totp_setup',
    ]) {
      expect(before[name]).not.toEqual([]);
    }
    expect(after['mfa_lease']).toBeUndefined();
  });

  it('is exported as it was', async () => {
    const mfa = test.app.get(MfaService);
    const { authenticators, recoveryCodes, sessions, trustedDevices, auditEntries, account } =
      await mfa.exportUser(ada.id);
    expect(authenticators.map(({ type, name, failures }) => [type, name, failures])).toEqual(
      expect.arrayContaining([['totp', 'Phone of Ada', 1]]),
    );
    expect(recoveryCodes).toMatchObject({ total: 10, remaining: 8 });
    expect([sessions.length, trustedDevices.length]).toEqual([5, 1]);
    expect(account).toMatchObject({ enrolledAt: '2027-01-15T08:00:00.000Z', attempts: 1 });
    expect(auditEntries.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'mfa.authenticator.added',
        'mfa.recovery_code.used',
        'mfa.trusted_device.added',
      ]),
    );
    const { authenticators: keys } = await mfa.exportUser(grace.id);
    expect(keys.find(({ type }) => type === 'webauthn')?.credential?.credentialId).toBe(grace.credentialId);
  });

  it('lets sessions go on', async () => {
    expect((await browserOf(grace.cookies).get('/protected')).status).toBe(200);
    const { mfa_session: session } = ada.cookies;
    expect((await browserOf({ mfa_session: session }).get('/protected')).status).toBe(200);
  });

  it('lets a set-up be finished', async () => {
    const code = codeOf(joan.totpSecret, test.clock);
    expect((await browserOf(joan.cookies).post('/mfa/totp/activate', { code })).status).toBe(201);
    expect((await test.app.get(MfaAdminService).status(joan.id)).enabled).toBe(true);
  });

  it('takes codes of the app, and none of them twice', async () => {
    const client = await signIn(ada.id);
    // The code of the last sign-in, a minute ago: still within reach when the clock of the phone is behind.
    test.clock.advance(-60);
    const used = codeOf(ada.totpSecret, test.clock);
    expect((await client.post('/mfa/authenticate', { code: used })).status).toBe(400);
    test.clock.advance(60);
    const { status, body } = await client.post('/mfa/authenticate', {
      code: codeOf(ada.totpSecret, test.clock),
    });
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect((await client.get('/protected/totp')).status).toBe(200);
  });

  it('takes recovery codes that are left, and no used ones', async () => {
    for (const code of ada.usedCodes) {
      const client = await signIn(ada.id);
      expect((await client.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    }
    const client = await signIn(ada.id);
    expect((await client.post('/mfa/authenticate', { code: ada.unusedCodes[0] })).status).toBe(200);
    expect((await client.get('/mfa/recovery-codes')).body.remaining).toBe(ada.unusedCodes.length - 1);
  });

  it('lets the key of its recovery codes be replaced', async () => {
    expect((await test.app.get(MfaAdminService).replaceRecoveryCodeKey()).removedKeys).toBe(0);
    const client = await signIn(ada.id);
    expect((await client.post('/mfa/authenticate', { code: ada.unusedCodes[1] })).status).toBe(200);
  });

  it('lets a key service have its keys', async () => {
    class KeyServiceAdapter extends TestAdapter {
      override encrypt(text: string): string {
        return `kms:${Buffer.from(text).toString('base64')}`;
      }

      override decrypt(text: string, context: MfaEncryptionContext): string | Promise<string> {
        return text.startsWith('kms:')
          ? Buffer.from(text.slice(4), 'base64').toString()
          : super.decrypt(text, context);
      }
    }
    for (const code of ada.unusedCodes.slice(2, 4)) {
      const served = await startTestApp({
        orm: { type: 'better-sqlite3', database, synchronize: false },
        mfa: { secret },
        adapter: KeyServiceAdapter,
      });
      served.clock.advance((test.clock.now() - served.clock.now()) / 1000);
      const client = served.client();
      await client.post('/login', { id: ada.id });
      expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
      // From then on they are with the service.
      expect((await served.app.get(MfaAdminService).rotateSecret()).unreadable).toBe(0);
      await served.close();
    }
    const keys = await test.dataSource.query<Row[]>(
      "SELECT data FROM mfa_key WHERE id LIKE 'recovery-codes%' OR id LIKE 'visible:%'",
    );
    expect(keys.map(({ data }) => String(data).slice(0, 4))).toEqual(['kms:', 'kms:', 'kms:']);
  });

  it('takes the key', async () => {
    const privateKey = createPrivateKey({ key: grace.privateKey, format: 'jwk' });
    const key = new SoftwareAuthenticator({}, Buffer.from(grace.credentialId, 'base64url'), {
      privateKey,
      publicKey: createPublicKey(privateKey),
    });
    key.userHandle = grace.userHandle;
    const client = await signIn(grace.id);
    const { body: request } = await client.post('/mfa/authenticate/webauthn/options');
    const answer = await client.post('/mfa/authenticate/webauthn', { credential: key.get(request) });
    expect([answer.status, answer.body.status]).toEqual([200, 'authenticated']);
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
  });

  it('trusts the browser still', async () => {
    const { mfa_trusted: token } = ada.cookies;
    const { body } = await browserOf({ mfa_trusted: token }).post('/login', { id: ada.id });
    expect(body.status).toBe('authenticated');
    expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', 'trusted_device']);
  });

  it('is purged of what is over, and of nothing else', async () => {
    const admin = test.app.get(MfaAdminService);
    expect((await admin.purgeExpired()).sessions).toBe(0);
    test.clock.advance(400 * 86_400);
    const removed = await admin.purgeExpired();
    expect(removed).toMatchObject({ trustedDevices: 1, totpSetups: 0 });
    expect(removed.sessions).toBeGreaterThan(6);
    expect(removed.auditEntries).toBeGreaterThan(before['mfa_audit_entry']!.length);
    const { enabled } = await admin.status(ada.id);
    expect(enabled).toBe(true);
    const client = await signIn(ada.id);
    const code = codeOf(ada.totpSecret, test.clock);
    expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
  });
});
