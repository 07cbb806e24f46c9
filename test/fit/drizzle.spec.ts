import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { totpCode } from 'nestjs-mfa/testing';

import './support/environment.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD } from './support/users.js';

describe('an application on Drizzle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-drizzle-'));
  const database = drizzle(join(folder, 'app.sqlite'));
  let test: StartedApplication;
  beforeAll(async () => {
    database.run(sql`CREATE TABLE users (id text PRIMARY KEY, email text NOT NULL UNIQUE)`);
    process.env['DATABASE_FILE'] = join(folder, 'app.sqlite');
    const { AppModule } = await import('./drizzle.app.js');
    test = await startApplication(AppModule);
  });
  afterAll(async () => {
    await test.app.close();
    rmSync(folder, { recursive: true });
  });

  const count = (table: string, id: string) =>
    database.all(sql`SELECT 1 FROM ${sql.raw(table)} WHERE user_id = ${id}`).length;
  async function signedUp(id: string) {
    database.run(sql`INSERT INTO users VALUES (${id}, ${`${id}@example.com`})`);
    const client = test.client();
    const login = () => client.post('/login', { email: `${id}@example.com`, password: PASSWORD });
    await login();
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: totpCode(setup.secret, test.clock) });
    test.clock.advance(30);
    return { client, login, code: () => totpCode(setup.secret, test.clock) };
  }

  it('signs in whom Drizzle finds, with tables that the module makes beside the application’s', async () => {
    const { client, login, code } = await signedUp('ada');
    expect((await login()).body.status).toBe('mfa_required');
    expect((await client.get('/reports')).status).toBe(401);
    expect((await client.post('/mfa/authenticate', { code: code() })).status).toBe(200);
    expect((await client.get('/reports')).body).toEqual({ turnover: 42 });
    expect(count('mfa_authenticator', 'ada')).toBe(2);
  });

  it('refuses whose account is gone, although the module has not been told', async () => {
    const { client, login, code } = await signedUp('grace');
    await login();
    database.run(sql`DELETE FROM users WHERE id = 'grace'`);
    expect((await client.post('/mfa/authenticate', { code: code() })).status).toBe(401);
  });

  it('forgets the factors of an account that is deleted', async () => {
    const { client } = await signedUp('barbara');
    expect((await client.delete('/account')).status).toBe(204);
    expect(count('mfa_authenticator', 'barbara')).toBe(0);
    expect((await client.get('/reports')).status).toBe(401);
  });
});
