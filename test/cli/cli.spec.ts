import { afterAll, describe, expect, it, jest } from '@jest/globals';

import { TypeOrmModule } from '@nestjs/typeorm';
import { MfaModule } from 'nestjs-mfa';

import { testCli } from '../support/cli.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

const OLD = 'the old secret of the tests, of 32 bytes or more';
const NEW = 'the new secret of the tests, of 32 bytes or more';

const { path, run, remove } = testCli((database) => ({
  module: class AppModule {},
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', database, autoLoadEntities: true, synchronize: true }),
    MfaModule.forRoot({ secret: [NEW, OLD], controllers: false }),
  ],
}));
afterAll(remove);
const orm = { type: 'better-sqlite3', database: path('app.sqlite') } as const;

describe('the command line', () => {
  it('encrypts anew, with progress, and shows, unlocks, resets and purges', async () => {
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const user = await enroll(before);
    await before.close();
    const written: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    await expect(run('rotate-secret', '--batch-size', '1')).resolves.toBe(
      '1 rows were re-encrypted under the current secret, 0 could not be read',
    );
    write.mockRestore();
    expect(written.join('')).toContain('100 % | 1 of 1');

    const status = await run('status', user.id);
    expect(JSON.parse(status)).toMatchObject({
      userId: user.id,
      enabled: true,
      methods: ['totp', 'recovery_codes'],
    });
    expect(status).not.toContain(user.secret);
    await expect(run('unlock', user.id)).resolves.toContain('are unlocked');
    await expect(run('purge')).resolves.toContain('sessions: ');
    await expect(run('replace-recovery-code-key')).resolves.toBe(
      'New sets use a new key; 1 existing sets keep their old key until their users create new codes\n0 old keys that are no longer needed were removed',
    );

    const after = await startTestApp({ orm, mfa: { secret: NEW } });
    after.clock.advance(300);
    const half = await halfSignIn(after, user);
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, after.clock) })).status).toBe(
      200,
    );
    await expect(run('reset', user.id, '--reason', 'a lost phone')).resolves.toContain('were reset');
    expect((await after.client().post('/login', { id: user.id })).body.status).toBe('authenticated');
    await after.close();
  }, 60_000);

  it('demands a second factor, from a day on if it is told one, and takes that back', async () => {
    const app = await startTestApp({ orm, mfa: { secret: NEW } });
    const signIn = async () => (await app.client().post('/login', { id: 'ada' })).body;
    expect((await signIn()).status).toBe('authenticated');

    const day = new Date(app.clock.now() + 864e5).toISOString().slice(0, 10);
    await expect(run('require-enrollment', 'ada', '-r', 'policy', '--from', day)).resolves.toBe(
      `ada must have a second factor from ${day}T00:00:00.000Z on`,
    );
    expect((await signIn()).status).toBe('authenticated');
    app.clock.advance(86_400);
    expect((await signIn()).status).toBe('enrollment_required');

    await expect(run('waive-enrollment', 'ada', '-r', 'exempt')).resolves.toContain('any more');
    expect((await signIn()).status).toBe('authenticated');
    await expect(run('require-enrollment', 'ada', '-r', 'reset')).resolves.toBe(
      'ada must have a second factor from now on',
    );
    expect((await signIn()).status).toBe('enrollment_required');
    await app.close();
  }, 60_000);

  it('finds who is locked out, lets what was found again verify, and signs everybody out', async () => {
    const app = await startTestApp({ orm, mfa: { secret: NEW } });
    const [locked, loser] = [await enroll(app), await enroll(app)];
    await app.dataSource.query('UPDATE mfa_authenticator SET failures = 100, locked_at = 1 WHERE id = ?', [
      locked.authenticatorId,
    ]);
    await expect(run('list-users', '--state', 'locked')).resolves.toBe(locked.id);
    await expect(run('list-users', '--state', 'enrolled')).resolves.toContain(loser.id);

    await (
      await halfSignIn(app, loser)
    ).post(`/mfa/authenticate/authenticators/${loser.authenticatorId}/suspend`);
    await expect(run('resume', loser.id, loser.authenticatorId)).resolves.toContain('is active again');
    app.clock.advance(30);
    const again = await halfSignIn(app, loser);
    const { status } = await again.post('/mfa/authenticate', { code: codeOf(loser.secret, app.clock) });
    expect([status, (await again.get('/me')).status]).toEqual([200, 200]);

    await expect(run('end-all-sessions', '--reason', 'a break-in')).resolves.toMatch(
      /^[1-9]\d* users were signed out$/,
    );
    expect((await again.get('/me')).body.code).toBe('session_expired');
    await app.close();
  }, 60_000);

  it.each([
    [['list-users'], /required option '-s, --state/],
    [['list-users', '--state', 'happy'], /Allowed choices are/],
    [['end-all-sessions'], /required option '-r, --reason/],
    [['resume', 'ada'], /missing required argument 'authenticator'/],
    [['require-enrollment', 'ada'], /required option '-r, --reason/],
    [['require-enrollment', 'ada', '-r', 'x', '--from', '5'], /Must be a date/],
    [['require-enrollment', 'ada', '-r', 'x', '--from', '2027-02-30'], /Must be a date/],
    [['require-enrollment', 'ada', '-r', 'x', '--from', '2027-01-31T25:00:00Z'], /Must be a date/],
    [['reset', 'ada'], /required option '-r, --reason/],
    [['rotate-secret', '--batch-size', 'many'], /whole number/],
    [['status'], /missing required argument 'user'/],
    [['nonsense'], /unknown command/],
  ])('refuses %j', async (words, message) => {
    await expect(run(...words)).rejects.toThrow(message);
  });
});
