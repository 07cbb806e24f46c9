import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Authenticator, MfaEvent } from 'nestjs-mfa';
import { MfaEvents, TotpService } from 'nestjs-mfa';

import type { Client } from '../../support/client.js';
import { rowsOf } from '../../support/databases.js';
import type { Enrolled, TestApp } from '../../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  startTestApp,
} from '../../support/test-app.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';

let isKept = false;
/** What happens between the plan of a change and its commit. */
let meanwhile: (authenticator: Authenticator) => Promise<void> = () => Promise.resolve();

class KeepingAdapter extends TestAdapter {
  override async canDeleteAuthenticator(authenticator: Authenticator): Promise<boolean> {
    await meanwhile(authenticator);
    return !isKept;
  }
}

describe('an authenticator app that takes the place of another', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({ adapter: KeepingAdapter, mfa: { webauthn: RELYING_PARTY } });
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  const begin = async ({ client, authenticatorId }: Enrolled): Promise<string> => {
    const { status, body } = await client.post('/mfa/totp', { replaces: authenticatorId });
    expect(status).toBe(201);
    return body.secret;
  };
  const typesOf = async (client: Client): Promise<string[]> =>
    (await client.get('/mfa/authenticators')).body.map(({ type }: { type: string }) => type);

  it('does so in the commit that proves it, and the former one works until then', async () => {
    const user = await enroll(test);
    await user.client.patch(`/mfa/authenticators/${user.authenticatorId}`, { name: 'My phone' });
    const secret = await begin(user);
    const half = await halfSignIn(test, user);
    const proven = await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(proven.status).toBe(200);

    const code = codeOf(secret, test.clock);
    const { status, body } = await user.client.post('/mfa/totp/activate', { code });
    expect(status).toBe(201);
    expect(body).not.toHaveProperty('recoveryCodes');
    expect(body.authenticator).toMatchObject({ type: 'totp', name: 'My phone' });
    expect(body.authenticator.id).not.toBe(user.authenticatorId);
    expect(await typesOf(user.client)).toEqual(['recovery_codes', 'totp']);
    // What the former one had opened is closed.
    expect((await half.get('/me')).body.code).toBe('session_expired');
    expect((await user.client.get('/protected')).status).toBe(200);

    test.clock.advance(30);
    const later = await halfSignIn(test, user);
    const old = await later.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(old.body.code).toBe('incorrect_code');
    expect((await later.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
    expect((await later.get('/mfa/recovery-codes')).body.remaining).toBe(10);
    const own = events.filter(({ userId }) => userId === user.id).map(({ type }) => type);
    expect(own).toContain('mfa.authenticator.removed');
    expect(own.filter((type) => type === 'mfa.authenticator.added')).toHaveLength(2);
  });

  it('changes nothing when that is gone by then, whoever has removed its row', async () => {
    const user = await enroll(test);
    const code = codeOf(await begin(user), test.clock);
    meanwhile = async ({ id }) => {
      await rowsOf(test.dataSource, 'DELETE FROM mfa_authenticator WHERE id = ?', [id]);
    };
    try {
      const { status, body } = await user.client.post('/mfa/totp/activate', { code });
      expect([status, body.code]).toEqual([404, 'not_found']);
    } finally {
      meanwhile = () => Promise.resolve();
    }
    expect(await typesOf(user.client)).toEqual(['recovery_codes']);
  });

  it('changes nothing when it is given up', async () => {
    const user = await enroll(test);
    await begin(user);
    test.clock.advance(601);
    const half = await halfSignIn(test, user);
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
    expect(await typesOf(half)).toEqual(['totp', 'recovery_codes']);
  });

  it('takes another name when it is given one', async () => {
    const user = await enroll(test);
    const code = codeOf(await begin(user), test.clock);
    const { body } = await user.client.post('/mfa/totp/activate', { code, name: 'New phone' });
    expect(body.authenticator.name).toBe('New phone');
  });

  it('makes no room for a second one', async () => {
    const user = await enroll(test);
    expect((await user.client.post('/mfa/totp')).body.code).toBe('already_enabled');
    const other = await enroll(test);
    for (const replaces of [other.authenticatorId, 'none']) {
      expect((await user.client.post('/mfa/totp', { replaces })).status).toBe(404);
    }
    const [, codes] = (await user.client.get('/mfa/authenticators')).body;
    expect((await user.client.post('/mfa/totp', { replaces: codes.id })).body.code).toBe('not_found');
    for (const replaces of [1, '', 'a b', [], null]) {
      const { status, body } = await user.client.post('/mfa/totp', { replaces });
      expect([replaces, status]).toEqual([replaces, replaces === null ? 409 : 400]);
      expect(body.code).toBe(replaces === null ? 'already_enabled' : 'invalid_request');
    }
  });

  it('is refused while the adapter keeps the former one, before and when it is proven', async () => {
    const user = await enroll(test);
    const secret = await begin(user);
    isKept = true;
    const replaces = user.authenticatorId;
    expect((await user.client.post('/mfa/totp', { replaces })).body.code).toBe('cannot_delete_authenticator');
    const code = codeOf(secret, test.clock);
    const { body } = await user.client.post('/mfa/totp/activate', { code });
    isKept = false;
    expect(body.code).toBe('cannot_delete_authenticator');
    expect(await typesOf(user.client)).toEqual(['totp', 'recovery_codes']);
  });

  it('is added all the same when the former one was removed meanwhile', async () => {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator();
    const { body: options } = await user.client.post('/mfa/webauthn/options');
    await user.client.post('/mfa/webauthn', { credential: key.create(options) });
    const secret = await begin(user);
    await user.client.delete(`/mfa/authenticators/${user.authenticatorId}`);
    const code = codeOf(secret, test.clock);
    expect((await user.client.post('/mfa/totp/activate', { code })).status).toBe(201);
    expect((await typesOf(user.client)).sort()).toEqual(['recovery_codes', 'totp', 'webauthn']);
  });

  it('does so once, of several that prove it at once', async () => {
    const user = await enroll(test);
    const code = codeOf(await begin(user), test.clock);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => user.client.clone().post('/mfa/totp/activate', { code })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.every(({ status }) => status < 500)).toBe(true);
  });

  it('is there for code of the application too', async () => {
    const user = await enroll(test);
    const totp = test.app.get(TotpService);
    const { secret } = await totp.begin(user, undefined, user.authenticatorId);
    const { authenticator } = await totp.activate(user, { code: codeOf(secret, test.clock) });
    const half = await halfSignIn(test, user);
    test.clock.advance(30);
    await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect((await half.get('/mfa/authenticators?type=totp')).body).toMatchObject([{ id: authenticator.id }]);
  });
});

describe('signing out everywhere else with a change', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, totp: { maxPerUser: 3 } } });
  });
  afterAll(() => test.close());

  /** Somebody who is signed in here and elsewhere. */
  const twice = async () => {
    const user = await enroll(test);
    const other = await halfSignIn(test, user);
    await other.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    return { ...user, other };
  };

  it.each([true, false])('happens where it is asked for: %s', async (endOtherSessions) => {
    const expected = endOtherSessions ? 401 : 200;
    const app = await twice();
    const { body: setup } = await app.client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    expect((await app.client.post('/mfa/totp/activate', { code, endOtherSessions })).status).toBe(201);
    expect((await app.other.get('/me')).status).toBe(expected);
    expect((await app.client.get('/protected')).status).toBe(200);

    const key = await twice();
    const { body: options } = await key.client.post('/mfa/webauthn/options');
    const credential = new SoftwareAuthenticator().create(options);
    expect((await key.client.post('/mfa/webauthn', { credential, endOtherSessions })).status).toBe(201);
    expect((await key.other.get('/me')).status).toBe(expected);

    const codes = await twice();
    const { status, body } = await codes.client.post('/mfa/recovery-codes', { endOtherSessions });
    expect([status, body.codes.length]).toEqual([201, 10]);
    expect((await codes.other.get('/me')).status).toBe(expected);
    expect((await codes.client.get('/me')).status).toBe(200);
  });

  it('is a yes or a no', async () => {
    const { client } = await enroll(test);
    const answer = await client.post('/mfa/recovery-codes', { endOtherSessions: 'yes' });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  });
});

describe('after a recovery code', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('the answer says how many are left, and new ones can be made at once', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const { body } = await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
    expect(body).toMatchObject({ status: 'authenticated', remainingRecoveryCodes: 9 });
    expect((await half.post('/mfa/recovery-codes')).status).toBe(201);
    const next = await halfSignIn(test, user);
    const answer = await next.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(answer.body).not.toHaveProperty('remainingRecoveryCodes');
  });
});
