import { describe, expect, it } from '@jest/globals';
import type { MfaRotationProgress } from 'nestjs-mfa';
import { MfaAdminService } from 'nestjs-mfa';

import { rowsOf, sharedDatabase } from '../support/databases.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

const OLD = 'the old secret of the tests, of 32 bytes or more';
const NEW = 'the new secret of the tests, of 32 bytes or more';

describe('replacing the secret', () => {
  const signsIn = async (test: TestApp, user: Enrolled, code: string | undefined) => {
    const half = await halfSignIn(test, user);
    return (await half.post('/mfa/authenticate', { code })).status;
  };

  it('encrypts everything anew, with progress, and lets the old one go', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const users = [];
    for (let i = 0; i < 5; i++) users.push(await enroll(before));
    const inSetup = before.client();
    const id = newUserId();
    await inSetup.post('/login', { id });
    const { body: setup } = await inSetup.post('/mfa/totp');
    await before.app.close();

    const during = await startTestApp({ orm, mfa: { secret: [NEW, OLD], gracePeriodSeconds: 86_400 } });
    during.clock.advance(300);
    const progress: MfaRotationProgress[] = [];
    const admin = during.app.get(MfaAdminService);
    await expect(
      admin.rotateSecret({ batchSize: 2, onProgress: (one) => progress.push(one) }),
    ).resolves.toEqual({ rotated: 6, unreadable: 0 });
    expect(progress).toEqual([
      { done: 2, total: 6 },
      { done: 4, total: 6 },
      { done: 5, total: 6 },
      { done: 6, total: 6 },
    ]);
    await expect(admin.rotateSecret()).resolves.toEqual({ rotated: 0, unreadable: 0 });
    await during.app.close();

    const after = await startTestApp({ orm, mfa: { secret: NEW, gracePeriodSeconds: 86_400 } });
    after.clock.advance(600);
    const [first, second] = users as [Enrolled, Enrolled];
    await expect(signsIn(after, first, codeOf(first.secret, after.clock))).resolves.toBe(200);
    await expect(signsIn(after, second, second.recoveryCodes[3])).resolves.toBe(200);
    await expect(signsIn(after, second, second.recoveryCodes[3])).resolves.toBe(400);
    const again = after.client();
    for (const [name, value] of inSetup.cookies) again.cookies.set(name, value);
    const activation = await again.post('/mfa/totp/activate', { code: codeOf(setup.secret, after.clock) });
    expect(activation.status).toBe(201);
    await after.app.close();
    await drop();
  });

  it('is refused too early, with the number of rows that would be lost', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const user = await enroll(before);
    await enroll(before);
    await before.app.close();
    // Two authenticator apps and the key of the recovery codes.
    await expect(startTestApp({ orm, mfa: { secret: NEW } })).rejects.toThrow(/3 rows are encrypted/);
    const both = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    both.clock.advance(300);
    await expect(signsIn(both, user, codeOf(user.secret, both.clock))).resolves.toBe(200);
    await enroll(both);
    await both.app.close();
    await expect(startTestApp({ orm, mfa: { secret: NEW } })).rejects.toThrow(/3 rows/);
    await expect(startTestApp({ orm, mfa: { secret: OLD } })).rejects.toThrow(/1 rows/);
    await drop();
  });

  it('goes on where it was stopped, while users sign in, set up and remove', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const users: Enrolled[] = [];
    for (let i = 0; i < 12; i++) users.push(await enroll(before));
    await before.app.close();

    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    test.clock.advance(1000);
    const admin = test.app.get(MfaAdminService);
    const stop = new Error('stopped');
    await expect(
      admin.rotateSecret({
        batchSize: 3,
        onProgress: () => {
          throw stop;
        },
      }),
    ).rejects.toBe(stop);
    const [rotating, ...statuses] = await Promise.all([
      admin.rotateSecret({ batchSize: 1 }),
      ...users.slice(0, 6).map((user) => signsIn(test, user, codeOf(user.secret, test.clock))),
      enroll(test).then(() => 201),
      admin.reset((users[11] as Enrolled).id, 'a lost phone').then(() => 204),
    ]);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 201, 204]);
    expect(rotating.unreadable).toBe(0);
    await admin.rotateSecret();
    await test.app.close();
    const after = await startTestApp({ orm, mfa: { secret: NEW } });
    after.clock.advance(2000);
    for (const user of users.slice(6, 11)) {
      await expect(signsIn(after, user, codeOf(user.secret, after.clock))).resolves.toBe(200);
    }
    await after.app.close();
    await drop();
  });

  it('leaves a row that changed or went while it was encrypted anew, and does not count it', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const [kept, lost] = [await enroll(before), await enroll(before)];
    await before.app.close();
    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    test.clock.advance(300);
    const admin = test.app.get(MfaAdminService);
    const decrypt = test.adapter.decrypt.bind(test.adapter);
    test.adapter.decrypt = async (text, context) => {
      test.adapter.decrypt = decrypt;
      await admin.reset(lost.id, 'a lost phone');
      return decrypt(text, context);
    };
    const progress: MfaRotationProgress[] = [];
    await expect(admin.rotateSecret({ onProgress: (one) => progress.push(one) })).resolves.toEqual({
      rotated: 1,
      unreadable: 0,
    });
    expect(progress).toEqual([{ done: 2, total: 2 }]);
    await expect(signsIn(test, kept, codeOf(kept.secret, test.clock))).resolves.toBe(200);
    expect((await test.client().post('/login', { id: lost.id })).body.status).toBe('authenticated');
    await test.app.close();
    await drop();
  });

  it.each([
    ['reads as something else', () => 'something else'],
    [
      'does not open',
      () => {
        throw new Error('not ours');
      },
    ],
  ])('leaves a row that, encrypted anew, %s', async (_what, misread) => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const user = await enroll(before);
    await before.app.close();
    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    test.clock.advance(300);
    const { adapter } = test;
    const [encrypt, decrypt] = [adapter.encrypt.bind(adapter), adapter.decrypt.bind(adapter)];
    const anew = new Set<string>();
    adapter.encrypt = async (text, context) => {
      const data = await encrypt(text, context);
      anew.add(data);
      return data;
    };
    adapter.decrypt = async (data, context) => (anew.has(data) ? misread() : decrypt(data, context));
    await expect(test.app.get(MfaAdminService).rotateSecret()).resolves.toEqual({
      rotated: 0,
      unreadable: 1,
    });
    Object.assign(adapter, { encrypt, decrypt });
    await expect(signsIn(test, user, codeOf(user.secret, test.clock))).resolves.toBe(200);
    await test.app.close();
    await drop();
  });

  it('leaves what nobody can read, and says so', async () => {
    const { orm, drop } = await sharedDatabase();
    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    const user = await enroll(test);
    await rowsOf(test.dataSource, 'UPDATE mfa_authenticator SET data = ? WHERE id = ?', [
      'v1.unknown.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA',
      user.authenticatorId,
    ]);
    await expect(test.app.get(MfaAdminService).rotateSecret()).resolves.toEqual({
      rotated: 0,
      unreadable: 1,
    });
    expect(test.logger.lines.join('\n')).toContain(user.authenticatorId);
    await expect(test.app.get(MfaAdminService).rotateSecret({ batchSize: 0 })).rejects.toThrow(RangeError);
    await test.app.close();
    await drop();
  });
});
