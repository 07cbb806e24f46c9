import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MfaAdminService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, signIn } from '../../support/ceremonies.js';
import { ENGINE, emptyDatabase, rowsOf } from '../../support/databases.js';
import type { TestApp } from '../../support/test-app.js';
import { RELYING_PARTY, halfSignIn, startTestApp } from '../../support/test-app.js';

const COUNT = 'SELECT COUNT(*) AS count FROM mfa_webauthn_challenge';

/** A database that two instances can share. */
async function sharedDatabase(): ReturnType<typeof emptyDatabase> {
  if (ENGINE !== 'sqlite') return emptyDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-'));
  return {
    orm: { type: 'better-sqlite3', database: join(folder, 'shared.sqlite') },
    drop: () => Promise.resolve(rmSync(folder, { recursive: true })),
  };
}

const purge = (test: TestApp) => test.app.get(MfaAdminService).purgeExpired();
const countOf = async (test: TestApp) => (await rowsOf(test.dataSource, COUNT))[0].count as number;

describe('a used challenge', () => {
  it('is not forgotten by an instance whose clock is up to an hour ahead', async () => {
    const { orm, drop } = await sharedDatabase();
    const mfa = { webauthn: RELYING_PARTY };
    const here = await startTestApp({ mfa, orm });
    const ahead = await startTestApp({ mfa, orm });
    for (const seconds of [301, 600, 3600]) {
      ahead.clock.advance(seconds);
      // Without a counter, which would tell.
      const { key, id } = await enrollKey(here, new SoftwareAuthenticator({ signCount: 0 }));
      const half = await halfSignIn(here, { id });
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options);
      expect((await half.post('/mfa/authenticate/webauthn', { credential })).status).toBe(200);
      await purge(ahead);
      const again = await half.post('/mfa/authenticate/webauthn', { credential });
      expect([seconds, again.status, again.body.code]).toEqual([seconds, 400, 'webauthn_failed']);
      ahead.clock.advance(-seconds);
    }
    await ahead.app.close();
    await here.close();
    await drop();
  });

  it('is forgotten in batches by the job, and by no request', async () => {
    const test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, retention: { batchSize: 2 } } });
    const { key, id } = await enrollKey(test);
    for (let time = 0; time < 4; time++) await assertKey(await halfSignIn(test, { id }), key);
    expect(await countOf(test)).toBe(5);
    test.clock.advance(86_400);
    const statements = await test.logger.statementsOf(async () => {
      const { client } = await signIn(test);
      const { body: options } = await client.post('/mfa/webauthn/options');
      await client.post('/mfa/webauthn', { credential: new SoftwareAuthenticator().create(options) });
    });
    expect(statements.filter((sql) => /DELETE FROM .?mfa_webauthn_challenge/.test(sql))).toEqual([]);
    expect(await countOf(test)).toBe(6);
    const batches = await test.logger.statementsOf(async () => {
      expect((await purge(test)).challenges).toBe(5);
    });
    expect(batches.filter((sql) => /DELETE FROM .?mfa_webauthn_challenge/.test(sql))).toHaveLength(3);
    expect(await countOf(test)).toBe(1);
    await test.close();
  });
});
