import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Post } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';

import { ENGINE } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

@Controller('once')
class OnceController {
  @Post()
  @HttpCode(204)
  @RequireMfa({ once: true })
  spend(): void {
    // What a proof of its own lets in.
  }
}

/** Database statements of a request; BEGIN, COMMIT and the application's own queries are not counted. */
describe('the cost of a request', () => {
  let test: TestApp;
  let grace: TestApp;
  let noticing: TestApp;
  const table: { request: string; statements: number; atMost: number }[] = [];
  beforeAll(async () => {
    test = await startTestApp({ controllers: [OnceController] });
    noticing = await startTestApp({
      mfa: { newSignIn: { enabled: true }, session: { idleTtlSeconds: 600 } },
    });
    grace = await startTestApp({ mfa: { enrollmentGracePeriodSeconds: 3600 } });
  });
  afterAll(async () => {
    await test.close();
    await grace.close();
    await noticing.close();
    const width = Math.max(...table.map(({ request }) => request.length));
    const rows = table.map(
      ({ request, statements, atMost }) => `${request.padEnd(width)}  ${statements} (at most ${atMost})`,
    );
    process.stdout.write(`\nDatabase statements per request\n${rows.join('\n')}\n`);
  });

  const expectAtMost = async (
    request: string,
    atMost: number,
    run: () => Promise<{ status: number }>,
    app = test,
  ) => {
    let status = 0;
    const statements = await app.logger.statementsOf(async () => {
      status = (await run()).status;
    });
    table.push({ request, statements: statements.length, atMost });
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.length).toBeLessThanOrEqual(atMost);
    // Each finds its rows by an index; SQLite says so of an empty table too.
    if (ENGINE !== 'sqlite') return status;
    for (const sql of statements.filter((one) => /^(SELECT|UPDATE|DELETE)/.test(one))) {
      const plan = await app.dataSource.query(
        `EXPLAIN QUERY PLAN ${sql}`,
        Array(sql.split('?').length - 1).fill(''),
      );
      // All but `k`: the id of the user, found by two indexes.
      const scans = plan.filter(({ detail }: { detail: string }) => /^SCAN (?!k$)/.test(detail));
      expect(scans).toEqual([]);
    }
    return status;
  };

  it('login without a factor', async () => {
    const client = test.client();
    const id = newUserId();
    expect(await expectAtMost('login without a factor', 3, () => client.post('/login', { id }))).toBe(200);
    expect(
      await expectAtMost('login again, in the same browser', 3, () => client.post('/login', { id })),
    ).toBe(200);
  });

  it('sign-in with TOTP', async () => {
    const user = await enroll(test);
    const client = test.client();
    await expectAtMost('login with a factor', 3, () => client.post('/login', { id: user.id }));
    const code = codeOf(user.secret, test.clock);
    expect(await expectAtMost('sign-in with TOTP', 5, () => client.post('/mfa/authenticate', { code }))).toBe(
      200,
    );
  });

  it('sign-in with a recovery code', async () => {
    const user = await enroll(test);
    const wrong = await halfSignIn(test, user);
    await expectAtMost('a wrong code', 5, () => wrong.post('/mfa/authenticate', { code: '00000000' }));
    const code = user.recoveryCodes[0];
    expect(
      await expectAtMost('sign-in with a recovery code', 6, () => wrong.post('/mfa/authenticate', { code })),
    ).toBe(200);
  });

  it('the guard', async () => {
    const { client } = await enroll(test);
    expect(await expectAtMost('guard, verified', 1, () => client.get('/protected'))).toBe(200);
    test.clock.advance(301);
    expect(await expectAtMost('guard, proof too old', 2, () => client.get('/protected'))).toBe(401);
    const stranger = test.client({ 'x-mfa-session': 'A'.repeat(43) });
    expect(await expectAtMost('guard, unknown token', 1, () => stranger.get('/protected'))).toBe(401);
    const unenrolled = test.client();
    await unenrolled.post('/login', { id: newUserId() });
    expect(await expectAtMost('guard, not enrolled', 2, () => unenrolled.get('/protected'))).toBe(403);
  });

  it('the guard with an enrollment grace period', async () => {
    const client = grace.client();
    await client.post('/login', { id: newUserId() });
    await client.get('/protected');
    const run = () => client.get('/protected');
    expect(await expectAtMost('guard, not enrolled, in the grace period', 1, run, grace)).toBe(200);
  });

  it('step-up', async () => {
    const { client, secret } = await enroll(test);
    const code = codeOf(secret, test.clock);
    expect(await expectAtMost('step-up with TOTP', 5, () => client.post('/mfa/authenticate', { code }))).toBe(
      200,
    );
  });

  it('what a proof of its own costs, and sessions that people see', async () => {
    const { client, secret } = await enroll(test);
    expect(await expectAtMost('route that spends its proof', 2, () => client.post('/once'))).toBe(204);
    const code = codeOf(secret, test.clock);
    expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
    expect(await expectAtMost('list of sessions', 2, () => client.get('/mfa/sessions'))).toBe(200);
    expect(await expectAtMost('ending the other sessions', 5, () => client.delete('/mfa/sessions'))).toBe(
      204,
    );
    const list = await client.get('/mfa/authenticate/authenticators');
    const totp = list.body.find(({ type }: { type: string }) => type === 'totp');
    const lost = () => client.post(`/mfa/authenticate/authenticators/${totp.id}/suspend`);
    expect(await expectAtMost('reporting a factor lost', 10, lost)).toBe(200);
  });

  it('a notice of new browsers and an end for want of use cost no statement', async () => {
    const user = await enroll(noticing);
    const client = noticing.client();
    const login = () => client.post('/login', { id: user.id });
    expect(await expectAtMost('login with a factor, with notices', 3, login, noticing)).toBe(200);
    const code = codeOf(user.secret, noticing.clock);
    const finish = () => client.post('/mfa/authenticate', { code });
    expect(await expectAtMost('sign-in with TOTP, with notices', 5, finish, noticing)).toBe(200);
    const use = () => client.get('/protected');
    expect(await expectAtMost('guard, with an end for want of use', 1, use, noticing)).toBe(200);
  });

  it('sends the same text whoever asks and whenever: no engine has to read it anew', async () => {
    const story = async (): Promise<string[]> => {
      const user = await enroll(test);
      const client = test.client();
      return test.logger.statementsOf(async () => {
        await client.post('/login', { id: user.id });
        await client.post('/mfa/authenticate', { code: '00000000' });
        await client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
        await client.get('/protected');
        await client.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
        await client.delete('/mfa/session');
      });
    };
    const first = await story();
    expect(first.length).toBeGreaterThan(20);
    test.clock.advance(61);
    const later = await story();
    expect(later.filter((sql) => !first.includes(sql))).toEqual([]);
  });
});
