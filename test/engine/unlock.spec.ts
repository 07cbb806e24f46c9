import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent, MfaModuleOptions } from 'nestjs-mfa';
import { MfaAdminService, MfaEvents, TotpService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer, Client } from '../support/client.js';
import { ENGINE } from '../support/databases.js';
import { PausingAdapter } from '../support/overlap.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

type Unlock = NonNullable<NonNullable<MfaModuleOptions['rateLimit']>['unlock']>;

const WRONG = '000000';
const LOCK_AFTER = 3;
const YEAR = 365 * 86_400;

interface LockApp extends TestApp {
  events: MfaEvent[];
}

async function startLockApp(
  unlock: Unlock,
  { mfa = {}, ...rest }: TestAppOptions = {},
  attempts = 50,
): Promise<LockApp> {
  const test = await startTestApp({
    mfa: {
      webauthn: RELYING_PARTY,
      passkeyLogin: true,
      rateLimit: { attempts, lockAfter: LOCK_AFTER, unlock },
      ...mfa,
    },
    ...rest,
  });
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  return Object.assign(test, { events });
}

const authenticate = (client: Client, code: string | undefined) => client.post('/mfa/authenticate', { code });
const told = ({ status, body }: Answer) => [status, body.code];
const LOCKED = [403, 'authenticator_locked'];

interface Row {
  failures: number;
  lockedAt: number | null;
  unlockCodes: number;
}

/** The authenticator as the database has it; numbers are text with some drivers. */
async function rowOf(test: TestApp, { authenticatorId }: Pick<Enrolled, 'authenticatorId'>): Promise<Row> {
  const [row] = await test.dataSource.query(
    `SELECT failures, locked_at, unlock_codes FROM mfa_authenticator WHERE id = '${authenticatorId}'`,
  );
  return {
    failures: Number(row.failures),
    lockedAt: row.locked_at === null ? null : Number(row.locked_at),
    unlockCodes: Number(row.unlock_codes),
  };
}

const OPEN: Row = { failures: 0, lockedAt: null, unlockCodes: 0 };

/** What was said of locks of this user. */
const tale = (test: LockApp, { id }: Pick<Enrolled, 'id'>) =>
  test.events
    .filter(({ userId, type }) => userId === id && /^mfa\.authenticator\.(un)?locked$/.test(type))
    .map((event) => (event.type === 'mfa.authenticator.unlocked' ? event.data.by : 'locked'));

/** Locks the user's authenticator app; returns the sign-in that did it. */
async function lock(test: TestApp, user: Enrolled): Promise<Client> {
  const half = await halfSignIn(test, user);
  for (let failure = 0; failure < LOCK_AFTER; failure++) {
    expect(told(await authenticate(half, WRONG))).toEqual([400, 'incorrect_code']);
  }
  return half;
}

async function enrollLocked(test: TestApp): Promise<{ user: Enrolled; half: Client }> {
  const user = await enroll(test);
  return { user, half: await lock(test, user) };
}

/** The user's code of now, so many seconds later. */
async function later(test: TestApp, user: Enrolled, half: Client, seconds = 60): Promise<Answer> {
  test.clock.advance(seconds);
  return authenticate(half, codeOf(user.secret, test.clock));
}

async function addKey(client: Client): Promise<SoftwareAuthenticator> {
  const key = new SoftwareAuthenticator();
  const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
  const { status } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return key;
}

async function useKey(client: Client, key: SoftwareAuthenticator): Promise<Answer> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return client.post('/mfa/authenticate/webauthn', { credential: key.get(options) });
}

async function usePasskey(client: Client, key: SoftwareAuthenticator): Promise<Answer> {
  const { body: options } = await client.post('/mfa/passkey/options');
  return client.post('/mfa/passkey', { credential: key.get(options) });
}

describe('a lock, by default', () => {
  let test: LockApp;
  let admin: MfaAdminService;
  beforeAll(async () => {
    test = await startLockApp({});
    admin = test.app.get(MfaAdminService);
  });
  afterAll(() => test.close());

  it('stays for a year, refuses right and wrong codes alike, and tells nothing of codes that would open it', async () => {
    const { user } = await enrollLocked(test);
    test.clock.advance(YEAR);
    const half = await halfSignIn(test, user);
    const [right, wrong] = [
      await authenticate(half, codeOf(user.secret, test.clock)),
      await authenticate(half, WRONG),
    ];
    expect(told(right)).toEqual(LOCKED);
    expect(right.body).toEqual(wrong.body);
    expect(right.body).not.toHaveProperty('unlock');
    expect(await rowOf(test, user)).toMatchObject({ failures: LOCK_AFTER, lockedAt: expect.any(Number) });
    await expect(
      test.app.get(TotpService).validateToken({ id: user.id }, codeOf(user.secret, test.clock)),
    ).rejects.toMatchObject({ code: 'authenticator_locked' });
  });

  it('stays after several right codes spaced in time', async () => {
    const { user, half } = await enrollLocked(test);
    for (let code = 0; code < 5; code++) expect(told(await later(test, user, half))).toEqual(LOCKED);
  });

  it('leaves the other factors working, none of which opens it', async () => {
    const user = await enroll(test);
    const key = await addKey(user.client);
    await lock(test, user);
    for (const sign of [
      async () => authenticate(await halfSignIn(test, user), user.recoveryCodes[0]),
      async () => useKey(await halfSignIn(test, user), key),
      () => usePasskey(test.client(), key),
    ]) {
      expect((await sign()).status).toBe(200);
      expect(told(await later(test, user, await halfSignIn(test, user)))).toEqual(LOCKED);
    }
    expect(tale(test, user)).toEqual(['locked']);
  });

  it('opens for an administrator, who is named, and then failures count from zero', async () => {
    const { user, half } = await enrollLocked(test);
    await admin.unlock(user.id, { actor: 'root', request: { headers: {}, ip: '192.0.2.7' } });
    expect(await rowOf(test, user)).toEqual(OPEN);
    const by = { userId: user.id, actor: { type: 'admin', id: 'root' }, ip: '192.0.2.7' };
    const authenticator = { id: user.authenticatorId, type: 'totp' };
    expect(test.events.slice(-2)).toMatchObject([
      { ...by, type: 'mfa.authenticator.unlocked', data: { authenticator, by: 'admin' } },
      { ...by, type: 'mfa.admin.unlocked', data: { authenticators: [authenticator] } },
    ]);
    for (let failure = 1; failure < LOCK_AFTER; failure++) {
      expect(told(await authenticate(half, WRONG))).toEqual([400, 'incorrect_code']);
    }
    expect((await later(test, user, half)).status).toBe(200);
    const again = await lock(test, user);
    expect(told(await later(test, user, again))).toEqual(LOCKED);
    expect(tale(test, user)).toEqual(['locked', 'admin', 'locked']);
  });

  it('opens for an administrator one by one, and never somebody else’s', async () => {
    const { user, half } = await enrollLocked(test);
    const { user: bystander } = await enrollLocked(test);
    for (let failure = 0; failure < LOCK_AFTER; failure++) await authenticate(half, '00000000');
    const { authenticators } = await admin.status(user.id);
    expect(authenticators.map(({ type, locked }) => [type, locked])).toEqual([
      ['totp', true],
      ['recovery_codes', true],
    ]);
    await expect(admin.unlock(user.id, { authenticatorId: bystander.authenticatorId })).rejects.toMatchObject(
      {
        code: 'not_found',
      },
    );
    await admin.unlock(user.id, { authenticatorId: authenticators[1]?.id ?? '' });
    expect(told(await later(test, user, half))).toEqual(LOCKED);
    expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
    await admin.unlock(user.id);
    expect((await rowOf(test, user)).lockedAt).toBeNull();
    expect((await rowOf(test, bystander)).lockedAt).not.toBeNull();
    expect(tale(test, user)).toEqual(['locked', 'locked', 'admin', 'admin']);
    expect(tale(test, bystander)).toEqual(['locked']);
  });

  it('hangs on the authenticator: two users with the same mistakes do not add up', async () => {
    const [one, two] = [await enroll(test), await enroll(test)];
    const [first, second] = [await halfSignIn(test, one), await halfSignIn(test, two)];
    for (let failure = 1; failure < LOCK_AFTER; failure++) {
      await Promise.all([authenticate(first, WRONG), authenticate(second, WRONG)]);
    }
    expect((await rowOf(test, one)).failures).toBe(LOCK_AFTER - 1);
    expect((await rowOf(test, two)).failures).toBe(LOCK_AFTER - 1);
    await authenticate(first, WRONG);
    expect(told(await later(test, one, first, 0))).toEqual(LOCKED);
    // The code of the other one is wrong for this one.
    expect(told(await authenticate(second, codeOf(two.secret, test.clock)))).toEqual([200, undefined]);
  });

  it('can’t be got around by who holds no more than the password', async () => {
    const { user, half } = await enrollLocked(test);
    expect((await half.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(401);
    expect((await half.post('/mfa/totp')).status).toBe(401);
    expect((await half.post('/mfa/recovery-codes')).status).toBe(401);
    expect((await half.post('/reauthenticate', { id: user.id })).body.status).toBe('mfa_required');
    expect(told(await later(test, user, half))).toEqual(LOCKED);
    for (let login = 0; login < 3; login++) {
      expect(told(await later(test, user, await halfSignIn(test, user)))).toEqual(LOCKED);
    }
  });

  it('holds against right codes that come together with the failure that closes it', async () => {
    for (let round = 0; round < 2; round++) {
      const user = await enroll(test);
      const halves = await Promise.all(Array.from({ length: 21 }, () => halfSignIn(test, user)));
      const [before, ...rest] = halves as [Client, ...Client[]];
      for (let failure = 1; failure < LOCK_AFTER; failure++) await authenticate(before, WRONG);
      const right = codeOf(user.secret, test.clock);
      const answers = await Promise.all(
        rest.map((half, index) => authenticate(half, (index + round) % 2 ? right : WRONG)),
      );
      const signedIn = answers.filter(({ status }) => status === 200).length;
      const failed = answers.filter(({ body }) => body.code === 'incorrect_code').length;
      const { failures, lockedAt } = await rowOf(test, user);
      expect(signedIn).toBeLessThanOrEqual(1);
      expect(failed).toBeLessThanOrEqual(1 + signedIn * LOCK_AFTER);
      expect([failures, typeof lockedAt]).toEqual([LOCK_AFTER, 'number']);
      // At most one before the success and one after it.
      expect(tale(test, user)).toEqual(['locked']);
      expect(told(await later(test, user, await halfSignIn(test, user)))).toEqual(LOCKED);
    }
  });
});

describe('a lock that another factor opens', () => {
  let test: LockApp;
  beforeAll(async () => {
    test = await startLockApp({ byOtherFactor: true });
  });
  afterAll(() => test.close());

  const WAYS: [string, (user: Enrolled, key: SoftwareAuthenticator) => Promise<Answer>][] = [
    ['a recovery code', async (user) => authenticate(await halfSignIn(test, user), user.recoveryCodes[0])],
    ['a security key', async (user, key) => useKey(await halfSignIn(test, user), key)],
    ['a passkey', (_, key) => usePasskey(test.client(), key)],
    ['a step-up', (user, key) => useKey(user.client, key)],
  ];

  it.each(WAYS)('opens with %s, at once', async (_, prove) => {
    const user = await enroll(test);
    const key = await addKey(user.client);
    await lock(test, user);
    expect((await prove(user, key)).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect(test.events.filter(({ type }) => type === 'mfa.authenticator.unlocked').at(-1)).toMatchObject({
      userId: user.id,
      actor: { type: 'user', id: user.id },
      data: { authenticator: { id: user.authenticatorId }, by: 'other_factor' },
    });
    expect((await later(test, user, await halfSignIn(test, user))).status).toBe(200);
    expect(tale(test, user)).toEqual(['locked', 'other_factor']);
  });

  (ENGINE === 'sqlite' ? it : it.skip)(
    'stays where the database refuses to open it, without harm to the proof',
    async () => {
      const { user, half } = await enrollLocked(test);
      await test.dataSource.query(
        `CREATE TRIGGER broken BEFORE UPDATE ON mfa_authenticator WHEN OLD.failures = ${LOCK_AFTER} BEGIN SELECT RAISE(ABORT, 'broken'); END`,
      );
      const { status, body } = await authenticate(half, user.recoveryCodes[0]);
      await test.dataSource.query('DROP TRIGGER broken');
      expect([status, body.status]).toEqual([200, 'authenticated']);
      expect((await half.get('/me')).status).toBe(200);
      expect((await rowOf(test, user)).failures).toBe(LOCK_AFTER);
      expect((await authenticate(half, user.recoveryCodes[1])).status).toBe(200);
      expect(await rowOf(test, user)).toEqual(OPEN);
      expect(tale(test, user)).toEqual(['locked', 'other_factor']);
    },
  );

  it('opens locked recovery codes by the authenticator app', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    for (let failure = 0; failure < LOCK_AFTER; failure++) await authenticate(half, '00000000');
    expect(told(await authenticate(half, user.recoveryCodes[0]))).toEqual(LOCKED);
    expect((await later(test, user, half)).status).toBe(200);
    expect((await authenticate(await halfSignIn(test, user), user.recoveryCodes[0])).status).toBe(200);
  });

  it('stays shut after another factor’s wrong proof, its own right codes, another user’s proof, and a year', async () => {
    const user = await enroll(test);
    const key = await addKey(user.client);
    const half = await lock(test, user);
    const stranger = await enroll(test);
    const foreign = await addKey(stranger.client);
    expect((await authenticate(half, '00000000')).status).toBe(400);
    expect((await useKey(half, foreign)).status).toBe(400);
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    const credential = key.get(options, { wrongKey: true });
    expect((await half.post('/mfa/authenticate/webauthn', { credential })).status).toBe(400);
    expect((await usePasskey(test.client(), foreign)).status).toBe(200);
    expect((await authenticate(await halfSignIn(test, stranger), stranger.recoveryCodes[0])).status).toBe(
      200,
    );
    for (let code = 0; code < 4; code++) expect(told(await later(test, user, half))).toEqual(LOCKED);
    test.clock.advance(YEAR);
    expect(told(await later(test, user, await halfSignIn(test, user)))).toEqual(LOCKED);
    expect(tale(test, user)).toEqual(['locked']);
  });

  it('stays shut when the session of the proof is over: all or nothing', async () => {
    const { user, half } = await enrollLocked(test);
    const [first, second] = [half.clone(), half.clone()];
    const answers = await Promise.all([
      authenticate(first, user.recoveryCodes[0]),
      authenticate(second, user.recoveryCodes[1]),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect((await rowOf(test, user)).failures).toBe(0);
    expect(tale(test, user)).toEqual(['locked', 'other_factor']);
  });
});

describe('a lock that right codes open', () => {
  let test: LockApp;
  beforeAll(async () => {
    test = await startLockApp({ byCodes: 3 });
  });
  afterAll(() => test.close());

  const progress = (codesLeft: number, seconds: number) => ({
    codesLeft,
    nextCodeAt: new Date(test.clock.now() + seconds * 1000).toISOString(),
  });

  it('counts them down, says when the next one counts, and opens with the last one', async () => {
    const { user, half } = await enrollLocked(test);
    const wrong = await authenticate(half, WRONG);
    expect(told(wrong)).toEqual(LOCKED);
    expect(wrong.body.unlock).toEqual(progress(3, 0));
    for (const codesLeft of [2, 1]) {
      const answer = await later(test, user, half);
      expect(told(answer)).toEqual(LOCKED);
      expect(answer.body.unlock).toEqual(progress(codesLeft, 60));
      expect((await half.get('/me')).status).toBe(401);
    }
    const last = await later(test, user, half);
    expect([last.status, last.body.status]).toEqual([200, 'authenticated']);
    expect((await half.get('/me')).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect(tale(test, user)).toEqual(['locked', 'codes']);
    // Failures count from zero, and so do the codes of the next lock.
    const again = await lock(test, user);
    expect((await later(test, user, again)).body.unlock).toEqual(progress(2, 60));
  });

  it('needs all of them with a sign-in of its own for each, too', async () => {
    const { user } = await enrollLocked(test);
    for (const codesLeft of [2, 1]) {
      test.clock.advance(3600);
      const { body } = await later(test, user, await halfSignIn(test, user));
      expect(body.unlock.codesLeft).toBe(codesLeft);
    }
    expect((await later(test, user, await halfSignIn(test, user))).status).toBe(200);
  });

  it('takes no code that comes too soon, and loses nothing by it', async () => {
    const { user, half } = await enrollLocked(test);
    await later(test, user, half);
    const soon = await later(test, user, half, 59);
    expect(told(soon)).toEqual(LOCKED);
    expect(soon.body.unlock).toEqual(progress(2, 1));
    expect((await later(test, user, half, 1)).body.unlock.codesLeft).toBe(1);
    // The next step is right already, and it is still too soon.
    expect((await authenticate(half, codeOf(user.secret, test.clock, 1))).body.unlock.codesLeft).toBe(1);
    expect((await later(test, user, half)).status).toBe(200);
  });

  it('starts anew after a wrong code in between', async () => {
    const { user, half } = await enrollLocked(test);
    for (const codesLeft of [2, 1]) {
      expect((await later(test, user, half)).body.unlock.codesLeft).toBe(codesLeft);
    }
    expect((await authenticate(half, WRONG)).body.unlock).toEqual(progress(3, 0));
    for (const codesLeft of [2, 1]) {
      expect((await later(test, user, half)).body.unlock.codesLeft).toBe(codesLeft);
    }
    expect((await later(test, user, half)).status).toBe(200);
  });

  it('is not hurried by a wrong code: the step it was at stays used up', async () => {
    const { user, half } = await enrollLocked(test);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    expect((await authenticate(half, code)).body.unlock.codesLeft).toBe(2);
    await authenticate(half, WRONG);
    expect((await authenticate(half, code)).body.unlock.codesLeft).toBe(3);
    expect((await authenticate(half, codeOf(user.secret, test.clock, -1))).body.unlock.codesLeft).toBe(3);
    expect((await rowOf(test, user)).unlockCodes).toBe(0);
  });

  it('is not opened by other factors or by waiting', async () => {
    const { user, half } = await enrollLocked(test);
    await later(test, user, half);
    expect((await authenticate(await halfSignIn(test, user), user.recoveryCodes[0])).status).toBe(200);
    expect((await authenticate(await halfSignIn(test, user), '0000000')).status).toBe(400);
    test.clock.advance(YEAR);
    const { body } = await later(test, user, await halfSignIn(test, user));
    expect(body.unlock.codesLeft).toBe(1);
    expect(tale(test, user)).toEqual(['locked']);
  });

  it('opens for an administrator in between, and forgets the codes', async () => {
    const { user, half } = await enrollLocked(test);
    await later(test, user, half);
    await test.app.get(MfaAdminService).unlock(user.id);
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect((await later(test, user, half)).status).toBe(200);
    const again = await lock(test, user);
    expect((await later(test, user, again)).body.unlock.codesLeft).toBe(2);
  });

  it('counts the codes of this user only', async () => {
    const [{ user: one, half: first }, { user: two, half: second }] = [
      await enrollLocked(test),
      await enrollLocked(test),
    ];
    await later(test, one, first);
    await later(test, two, second);
    expect((await authenticate(second, WRONG)).body.unlock.codesLeft).toBe(3);
    expect((await later(test, one, first)).body.unlock.codesLeft).toBe(1);
    // The other one's code is a wrong one here.
    expect((await authenticate(second, codeOf(one.secret, test.clock))).body.unlock.codesLeft).toBe(3);
  });

  it('does the same outside HTTP', async () => {
    const { user } = await enrollLocked(test);
    const totp = test.app.get(TotpService);
    for (const codesLeft of [2, 1]) {
      test.clock.advance(60);
      await expect(
        totp.validateToken({ id: user.id }, codeOf(user.secret, test.clock)),
      ).rejects.toMatchObject({ code: 'authenticator_locked', details: { unlock: { codesLeft } } });
    }
    test.clock.advance(60);
    await expect(totp.validateToken({ id: user.id }, codeOf(user.secret, test.clock))).resolves.toBe(true);
    expect(await rowOf(test, user)).toEqual(OPEN);
  });

  it('never counts one code twice, however many copies come at once', async () => {
    const { user } = await enrollLocked(test);
    const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, user)));
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    const answers = await Promise.all(halves.map((half) => authenticate(half, code)));
    expect(answers.map(told)).toEqual(Array(25).fill(LOCKED));
    expect((await rowOf(test, user)).unlockCodes).toBeLessThanOrEqual(1);
  });

  it('opens once when the last code comes 25 times at once', async () => {
    const { user, half } = await enrollLocked(test);
    for (let code = 1; code < 3; code++) await later(test, user, half);
    const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, user)));
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    const answers = await Promise.all(halves.map((one) => authenticate(one, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(tale(test, user).filter((by) => by === 'codes')).toHaveLength(1);
  });
});

const BUDGET = 5;

describe('a lock that right codes open, with the budget of attempts', () => {
  let test: LockApp;
  beforeAll(async () => {
    test = await startLockApp({ byCodes: 2, codesApartSeconds: 1 }, {}, BUDGET);
  });
  afterAll(() => test.close());

  it('lets a half-signed-in stranger guess no faster than the budget, whatever comes in between', async () => {
    const { user } = await enrollLocked(test);
    // Three of five are spent; the owner's right code costs nothing and gives nothing back.
    const owner = await halfSignIn(test, user);
    expect((await later(test, user, owner, 30)).body.unlock.codesLeft).toBe(1);
    const judged = [];
    for (let guess = 0; guess < 12; guess++) {
      const stranger = await halfSignIn(test, user);
      judged.push((await authenticate(stranger, WRONG)).body.code);
    }
    expect(judged).toEqual([
      ...Array(2).fill('authenticator_locked'),
      ...Array(10).fill('too_many_attempts'),
    ]);
    expect((await later(test, user, owner, 30)).status).toBe(429);
  });

  it('verifies no more guesses when they come at once', async () => {
    const { user } = await enrollLocked(test);
    test.clock.advance(300);
    const halves = await Promise.all(Array.from({ length: 40 }, () => halfSignIn(test, user)));
    const answers = await Promise.all(halves.map((half) => authenticate(half, WRONG)));
    expect(answers.filter(({ body }) => body.code === 'authenticator_locked')).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'too_many_attempts')).toHaveLength(35);
  });

  it('costs the owner no attempt for right codes, in time or too soon', async () => {
    const user = await enroll(test);
    for (let round = 0; round < 3; round++) {
      test.clock.advance(300);
      const half = await lock(test, user);
      expect((await later(test, user, half, 30)).body.unlock.codesLeft).toBe(1);
      for (let soon = 0; soon < 10; soon++) {
        const answer = await authenticate(half, codeOf(user.secret, test.clock, 1));
        expect(answer.body.unlock.codesLeft).toBe(1);
      }
      expect((await later(test, user, half, 30)).status).toBe(200);
    }
  });

  it('costs an attempt for each code that was used already', async () => {
    const { user, half } = await enrollLocked(test);
    test.clock.advance(300);
    const used = codeOf(user.secret, test.clock);
    expect((await authenticate(half, used)).body.unlock.codesLeft).toBe(1);
    const answers: Answer[] = [];
    for (let time = 0; time <= BUDGET; time++) answers.push(await authenticate(half, used));
    expect(answers.map(({ body }) => body.code as string)).toEqual([
      ...Array<string>(BUDGET).fill('authenticator_locked'),
      'too_many_attempts',
    ]);
  });

  it('counts neither the same code nor one of an earlier step, however far apart', async () => {
    const { user, half } = await enrollLocked(test);
    test.clock.advance(30);
    const [former, code] = [codeOf(user.secret, test.clock, -1), codeOf(user.secret, test.clock)];
    expect((await authenticate(half, code)).body.unlock.codesLeft).toBe(1);
    test.clock.advance(2);
    for (const used of [code, former]) {
      const answer = await authenticate(half, used);
      expect(told(answer)).toEqual(LOCKED);
      expect(answer.body.unlock.codesLeft).toBeGreaterThanOrEqual(1);
    }
    expect((await rowOf(test, user)).failures).toBe(LOCK_AFTER);
    expect(tale(test, user)).toEqual(['locked']);
  });
});

describe('a lock that opens by waiting', () => {
  let test: LockApp;
  beforeAll(async () => {
    test = await startLockApp({ afterSeconds: 600 }, { adapter: PausingAdapter });
  });
  afterAll(() => test.close());

  it('opens then and not before, and says so with the first right code', async () => {
    const { user, half } = await enrollLocked(test);
    expect(told(await later(test, user, half, 599))).toEqual(LOCKED);
    expect((await test.client().post('/login', { id: user.id })).body.methods).toEqual(['recovery_codes']);
    expect((await later(test, user, half, 1)).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect(tale(test, user)).toEqual(['locked', 'time']);
    expect((await test.client().post('/login', { id: user.id })).body.methods).toEqual([
      'totp',
      'recovery_codes',
    ]);
  });

  it('is not kept shut by codes that come meanwhile', async () => {
    const { user, half } = await enrollLocked(test);
    for (let guess = 0; guess < 59; guess++) {
      test.clock.advance(10);
      expect(told(await authenticate(half, WRONG))).toEqual(LOCKED);
    }
    test.clock.advance(10);
    expect((await authenticate(half, codeOf(user.secret, test.clock))).status).toBe(200);
  });

  it('closes again after as many failures, counted from one, and waits as long again', async () => {
    const { user } = await enrollLocked(test);
    for (let round = 0; round < 2; round++) {
      test.clock.advance(600);
      const half = await halfSignIn(test, user);
      for (let failure = 1; failure <= LOCK_AFTER; failure++) {
        expect(told(await authenticate(half, WRONG))).toEqual([400, 'incorrect_code']);
        const { failures, lockedAt } = await rowOf(test, user);
        expect([failures, lockedAt]).toEqual([failure, failure < LOCK_AFTER ? null : test.clock.now()]);
      }
      expect(told(await later(test, user, half, 599))).toEqual(LOCKED);
      test.clock.advance(-599);
    }
    expect(tale(test, user).filter((by) => by === 'locked')).toHaveLength(3);
  });

  it('verifies no more than the cap after the wait, however many guesses come at once', async () => {
    const { user } = await enrollLocked(test);
    test.clock.advance(600);
    const halves = await Promise.all(Array.from({ length: 30 }, () => halfSignIn(test, user)));
    const answers = await PausingAdapter.overlap(halves.map((half) => () => authenticate(half, WRONG)));
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(LOCK_AFTER);
    expect(answers.filter(({ body }) => body.code === 'authenticator_locked')).toHaveLength(30 - LOCK_AFTER);
    expect(await rowOf(test, user)).toMatchObject({ failures: LOCK_AFTER, lockedAt: test.clock.now() });
    expect(tale(test, user).filter((by) => by === 'locked')).toHaveLength(2);
  });

  it('does not open when the clock goes back', async () => {
    const { user, half } = await enrollLocked(test);
    test.clock.advance(-YEAR);
    expect(told(await later(test, user, half, 0))).toEqual(LOCKED);
    expect(told(await later(test, user, await halfSignIn(test, user), 0))).toEqual(LOCKED);
    test.clock.advance(YEAR);
  });
});

describe('a lock with several ways to open', () => {
  it('opens by whichever comes first', async () => {
    const test = await startLockApp({
      byOtherFactor: true,
      byCodes: 2,
      codesApartSeconds: 30,
      afterSeconds: 600,
    });
    const user = await enroll(test);
    const half = await lock(test, user);
    expect((await later(test, user, half, 30)).body.unlock.codesLeft).toBe(1);
    expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);

    const second = await lock(test, user);
    expect((await later(test, user, second, 30)).body.unlock.codesLeft).toBe(1);
    // After the wait one right code is enough, and what was counted towards opening is gone.
    expect((await later(test, user, second, 570)).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);

    const third = await lock(test, user);
    expect((await later(test, user, third, 30)).body.unlock.codesLeft).toBe(1);
    expect((await later(test, user, third, 30)).status).toBe(200);
    expect(tale(test, user)).toEqual(['locked', 'other_factor', 'locked', 'time', 'locked', 'codes']);
    await test.close();
  });

  // On a server nobody would drop the database of an application that does not start.
  const onSqlite = ENGINE === 'sqlite' ? it : it.skip;
  onSqlite('is refused at boot where one code would do, and where a profile forbids waiting', async () => {
    const boot = (mfa: Partial<MfaModuleOptions>) => startTestApp({ mfa });
    await expect(boot({ rateLimit: { unlock: { byCodes: 1 } } })).rejects.toThrow(/byCodes/);
    for (const profile of ['aal2', 'strict'] as const) {
      const rest = { profile, webauthn: RELYING_PARTY };
      const waiting = { ...rest, rateLimit: { unlock: { afterSeconds: 600 } } };
      await expect(boot(waiting)).rejects.toThrow(/afterSeconds/);
    }
  });

  it('with two authenticator apps opens the locked one only, which the other one’s codes do not disturb', async () => {
    const test = await startLockApp({ byCodes: 2 }, { mfa: { totp: { maxPerUser: 2 } } });
    const one = await enroll(test);
    const half = await lock(test, one);
    const { body: setup } = await one.client.post('/mfa/totp');
    const { status, body } = await one.client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
    });
    expect(status).toBe(201);
    const two = { ...one, secret: setup.secret as string, authenticatorId: body.authenticator.id as string };
    expect((await later(test, one, half)).body.unlock.codesLeft).toBe(1);
    expect((await later(test, two, await halfSignIn(test, one))).status).toBe(200);
    expect((await rowOf(test, one)).unlockCodes).toBe(1);
    // A wrong code is one for both: it starts the locked one anew and counts against the other.
    expect(told(await authenticate(half, WRONG))).toEqual([400, 'incorrect_code']);
    expect(await rowOf(test, one)).toMatchObject({ failures: LOCK_AFTER, unlockCodes: 0 });
    expect((await rowOf(test, two)).failures).toBe(1);
    expect((await later(test, one, half)).body.unlock.codesLeft).toBe(1);
    expect((await later(test, one, half)).status).toBe(200);
    expect(await rowOf(test, one)).toEqual(OPEN);
    expect((await rowOf(test, two)).failures).toBe(1);
    expect(tale(test, one)).toEqual(['locked', 'codes']);
    await test.close();
  });
});

describe('requests that overlap at a lock', () => {
  let test: LockApp;
  afterEach(() => test.close());
  const start = async (unlock: Unlock) => (test = await startLockApp(unlock, { adapter: PausingAdapter }));

  it('with copies of one right code count it once, and keep it', async () => {
    await start({ byCodes: 3 });
    const { user, half } = await enrollLocked(test);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    await PausingAdapter.overlap([1, 2].map(() => () => authenticate(half.clone(), code)));
    expect((await rowOf(test, user)).unlockCodes).toBe(1);
  });

  it('with the last code of an opening sign in once', async () => {
    await start({ byCodes: 2 });
    const { user, half } = await enrollLocked(test);
    await later(test, user, half);
    const other = await halfSignIn(test, user);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    const answers = await PausingAdapter.overlap([half, other].map((one) => () => authenticate(one, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(tale(test, user)).toEqual(['locked', 'codes']);
  });

  it('with a code that was verified before a wrong one came do not count it with the former ones', async () => {
    await start({ byCodes: 2 });
    const { user, half } = await enrollLocked(test);
    await later(test, user, half);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    const [answer] = await PausingAdapter.overlap(
      [() => authenticate(half, code)],
      // Another node refuses a wrong code meanwhile.
      () =>
        test.dataSource.query(
          `UPDATE mfa_authenticator SET unlock_codes = 0, unlock_code_at = NULL WHERE id = '${user.authenticatorId}'`,
        ),
    );
    expect(told(answer as Answer)).toEqual(LOCKED);
  });

  it('with a right code lose against the lock that closes first', async () => {
    await start({});
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    const answers = await PausingAdapter.overlap([() => authenticate(half, code)], () =>
      test.dataSource.query(
        `UPDATE mfa_authenticator SET failures = ${LOCK_AFTER}, locked_at = 1 WHERE id = '${user.authenticatorId}'`,
      ),
    );
    expect(answers.map(told)).toEqual([LOCKED]);
  });

  it('with two other factors tell of one opening', async () => {
    await start({ byOtherFactor: true });
    const { user, half } = await enrollLocked(test);
    const other = await halfSignIn(test, user);
    const answers = await PausingAdapter.overlap([
      () => authenticate(half, user.recoveryCodes[0]),
      () => authenticate(other, user.recoveryCodes[1]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(tale(test, user)).toEqual(['locked', 'other_factor']);
  });

  it('with another factor do not forgive failures since somebody else opened it', async () => {
    await start({ byOtherFactor: true });
    const { user, half } = await enrollLocked(test);
    await PausingAdapter.overlap([() => authenticate(half, user.recoveryCodes[0])], async () => {
      await test.app.get(MfaAdminService).unlock(user.id);
      await expect(test.app.get(TotpService).validateToken({ id: user.id }, WRONG)).resolves.toBe(false);
    });
    expect((await rowOf(test, user)).failures).toBe(1);
    expect(tale(test, user)).toEqual(['locked', 'admin']);
  });
});

describe(`locks on ${ENGINE}, under parallel requests`, () => {
  let test: LockApp;
  const start = async (unlock: Unlock) => (test = await startLockApp(unlock, { adapter: PausingAdapter }));
  afterEach(() => test.close());

  it('close at the cap under parallel guesses, and open for an administrator only', async () => {
    await start({});
    const user = await enroll(test);
    const halves = await Promise.all(Array.from({ length: 20 }, () => halfSignIn(test, user)));
    const answers = await Promise.all(halves.map((half) => authenticate(half, WRONG)));
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(LOCK_AFTER);
    expect(await rowOf(test, user)).toEqual({
      failures: LOCK_AFTER,
      lockedAt: test.clock.now(),
      unlockCodes: 0,
    });
    test.clock.advance(YEAR);
    expect(told(await later(test, user, await halfSignIn(test, user)))).toEqual(LOCKED);
    await test.app.get(MfaAdminService).unlock(user.id, { actor: 'root' });
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect((await later(test, user, await halfSignIn(test, user))).status).toBe(200);
    expect(tale(test, user)).toEqual(['locked', 'admin']);
  }, 30_000);

  it('count one failure, one right code and one opening each, under parallel requests', async () => {
    await start({});
    for (let round = 0; round < 2; round++) {
      const user = await enroll(test);
      const halves = await Promise.all(Array.from({ length: 21 }, () => halfSignIn(test, user)));
      const [before, ...rest] = halves as [Client, ...Client[]];
      for (let failure = 1; failure < LOCK_AFTER; failure++) await authenticate(before, WRONG);
      const right = codeOf(user.secret, test.clock);
      const answers = await Promise.all(
        rest.map((half, index) => authenticate(half, (index + round) % 2 ? right : WRONG)),
      );
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
      expect(answers.filter(({ status }) => ![200, 400, 403].includes(status))).toEqual([]);
      const { failures, lockedAt } = await rowOf(test, user);
      expect([failures, lockedAt]).toEqual([LOCK_AFTER, test.clock.now()]);
      expect(tale(test, user)).toEqual(['locked']);
    }
  }, 30_000);

  it('open by right codes, of which one counts once', async () => {
    await start({ byCodes: 3 });
    const { user, half } = await enrollLocked(test);
    expect((await later(test, user, half)).body.unlock.codesLeft).toBe(2);
    expect((await authenticate(half, WRONG)).body.unlock.codesLeft).toBe(3);
    for (const codesLeft of [2, 1]) {
      expect((await later(test, user, half)).body.unlock.codesLeft).toBe(codesLeft);
      expect((await later(test, user, half, 0)).body.unlock.codesLeft).toBe(codesLeft);
    }
    expect((await later(test, user, half)).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);
    expect(tale(test, user)).toEqual(['locked', 'codes']);
  }, 30_000);

  it('open by another factor, and by waiting, after which failures count from one', async () => {
    await start({ byOtherFactor: true, afterSeconds: 600 });
    const { user, half } = await enrollLocked(test);
    expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
    expect(await rowOf(test, user)).toEqual(OPEN);
    await lock(test, user);
    test.clock.advance(600);
    const second = await halfSignIn(test, user);
    for (let failure = 1; failure <= LOCK_AFTER; failure++) {
      expect(told(await authenticate(second, WRONG))).toEqual([400, 'incorrect_code']);
      const { failures, lockedAt } = await rowOf(test, user);
      expect([failures, lockedAt]).toEqual([failure, failure < LOCK_AFTER ? null : test.clock.now()]);
    }
    expect(told(await later(test, user, second, 599))).toEqual(LOCKED);
    expect((await later(test, user, await halfSignIn(test, user), 1)).status).toBe(200);
    expect(tale(test, user)).toEqual(['locked', 'other_factor', 'locked', 'locked', 'time']);
  }, 30_000);

  it('keep a right code of which copies come at once', async () => {
    await start({ byCodes: 3 });
    const { user, half } = await enrollLocked(test);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    await PausingAdapter.overlap([1, 2].map(() => () => authenticate(half.clone(), code)));
    expect((await rowOf(test, user)).unlockCodes).toBe(1);
  });
});
