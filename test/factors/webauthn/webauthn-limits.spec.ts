import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { MfaEvent } from 'nestjs-mfa';
import { MfaAuditService, MfaEvents, WebAuthnService } from 'nestjs-mfa';

import type { Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, register, signIn, signInWithPasskey } from '../../support/ceremonies.js';
import type { TestApp } from '../../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, startTestApp } from '../../support/test-app.js';

const BUDGET = 5;
const WINDOW = 300;
const SPENT = [429, 'too_many_attempts'];
const FAILED = [400, 'webauthn_failed'];

describe('ceremonies that fail', () => {
  let test: TestApp;
  let events: MfaEvent[];
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, audit: { enabled: true } },
    });
    events = [];
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  /** How often it was told of this user, in events and in the audit trail. */
  const told = async (userId: string, type: MfaEvent['type']) => {
    await test.settled();
    const { entries } = await test.app.get(MfaAuditService).find({ userId, types: [type], limit: 1000 });
    return [events.filter((event) => event.userId === userId && event.type === type).length, entries.length];
  };

  const outcome = ({ status, body }: { status: number; body: { code?: string } }) =>
    status < 300 ? [status] : [status, body.code];

  it('spend the attempts of a half-finished sign-in, and are told as far as they do', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    for (let attempt = 0; attempt < BUDGET; attempt++) {
      expect(outcome(await assertKey(half, key, { wrongKey: true }))).toEqual(FAILED);
    }
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(outcome(await assertKey(half, key, { wrongKey: true }))).toEqual(SPENT);
    }
    const right = await assertKey(half, key);
    expect([outcome(right), Number(right.headers.get('retry-after')) > 0]).toEqual([SPENT, true]);
    expect(await told(id, 'mfa.authenticator.failed')).toEqual([BUDGET, BUDGET]);
    expect(await told(id, 'mfa.attempts.exhausted')).toEqual([1, 1]);
    expect(
      events.find(({ userId, type }) => userId === id && type === 'mfa.authenticator.failed'),
    ).toMatchObject({ data: { types: ['webauthn'], afterFirstFactor: true } });
    // Another sign-in has no further ones; time has.
    expect(outcome(await assertKey(await halfSignIn(test, { id }), key))).toEqual(SPENT);
    test.clock.advance(WINDOW);
    expect(outcome(await assertKey(half, key))).toEqual([200]);
  });

  it('are no more under a flood than one after the other', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        half.clone().post('/mfa/authenticate/webauthn', { credential: key.get(options, { wrongKey: true }) }),
      ),
    );
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(BUDGET);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - BUDGET);
    expect(await told(id, 'mfa.authenticator.failed')).toEqual([BUDGET, BUDGET]);
    expect(await told(id, 'mfa.attempts.exhausted')).toEqual([1, 1]);
  });

  it.each<[string, Tampering]>([
    ['of another site', { origin: 'https://evil.example' }],
    ['with a challenge of nobody’s', { challenge: randomBytes(80).toString('base64url') }],
    ['of a key that nobody has', { credentialId: randomBytes(32) }],
  ])('%s are counted as well', async (_, tampering) => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    const codes = [];
    for (let attempt = 0; attempt <= BUDGET; attempt++)
      codes.push(outcome(await assertKey(half, key, tampering)));
    expect(codes).toEqual([...Array(BUDGET).fill(FAILED), SPENT]);
  });

  it('share the budget with codes', async () => {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator();
    await register(user.client, key);
    const half = await halfSignIn(test, user);
    for (let attempt = 0; attempt < BUDGET - 1; attempt++) await assertKey(half, key, { wrongKey: true });
    expect(outcome(await half.post('/mfa/authenticate', { code: '000000' }))).toEqual([
      400,
      'incorrect_code',
    ]);
    expect(outcome(await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) }))).toEqual(
      SPENT,
    );
    expect(outcome(await assertKey(half, key))).toEqual(SPENT);
    test.clock.advance(WINDOW);
    for (let attempt = 0; attempt < BUDGET; attempt++)
      await half.post('/mfa/authenticate', { code: '000000' });
    expect(outcome(await assertKey(half, key))).toEqual(SPENT);
  });

  it('are not forgiven by one that holds, and those that hold cost nothing', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    for (let attempt = 0; attempt < BUDGET - 1; attempt++) await assertKey(half, key, { wrongKey: true });
    for (let time = 0; time < 10; time++) expect(outcome(await assertKey(half, key))).toEqual([200]);
    expect(outcome(await assertKey(half, key, { wrongKey: true }))).toEqual(FAILED);
    expect(outcome(await assertKey(half, key))).toEqual(SPENT);
  });

  it('count at step-up and outside HTTP', async () => {
    const { id, key, client } = await enrollKey(test);
    for (let attempt = 0; attempt < BUDGET - 1; attempt++) await assertKey(client, key, { wrongKey: true });
    const service = test.app.get(WebAuthnService);
    const present = async (tampering: Tampering = {}) =>
      service.verifyAuthentication(
        { id },
        key.get(await service.getCredentialRequestOptions({ id }), tampering),
      );
    await expect(present({ wrongKey: true })).rejects.toMatchObject({ code: 'webauthn_failed' });
    await expect(present()).rejects.toMatchObject({ code: 'too_many_attempts' });
    expect(outcome(await assertKey(client, key))).toEqual(SPENT);
    expect(await told(id, 'mfa.authenticator.failed')).toEqual([BUDGET, BUDGET]);
  });

  it('count at registration', async () => {
    const { client, id } = await signIn(test);
    const hostile = { origin: 'https://evil.example' };
    for (let attempt = 0; attempt < BUDGET; attempt++) {
      expect(outcome(await register(client, new SoftwareAuthenticator(), {}, hostile))).toEqual(FAILED);
    }
    expect(outcome(await register(client, new SoftwareAuthenticator(), {}, hostile))).toEqual(SPENT);
    expect(outcome(await register(client, new SoftwareAuthenticator()))).toEqual(SPENT);
    expect(await told(id, 'mfa.enrollment.failed')).toEqual([BUDGET, BUDGET]);
    test.clock.advance(WINDOW);
    expect(outcome(await register(client, new SoftwareAuthenticator()))).toEqual([201]);
  });

  it('are not needed to keep lists short: nobody registers more than fifty', async () => {
    const { client } = await enrollKey(test);
    // Not the one that has proven last: without it, nothing is proven.
    const [first] = (await client.get('/mfa/authenticators?type=webauthn')).body;
    for (let count = 1; count < 49; count += 1) {
      expect((await register(client, new SoftwareAuthenticator())).status).toBe(201);
    }
    const begun = [await client.post('/mfa/webauthn/options'), await client.post('/mfa/webauthn/options')];
    const [last, oneMore] = begun.map(({ body }) => new SoftwareAuthenticator().create(body));
    expect(outcome(await client.post('/mfa/webauthn', { credential: last }))).toEqual([201]);
    expect(outcome(await client.post('/mfa/webauthn', { credential: oneMore }))).toEqual([
      409,
      'already_enabled',
    ]);
    // Before the browser makes one in vain.
    expect(outcome(await client.post('/mfa/webauthn/options'))).toEqual([409, 'already_enabled']);
    expect((await client.delete(`/mfa/authenticators/${first.id}`)).status).toBe(204);
    expect((await register(client, new SoftwareAuthenticator())).status).toBe(201);
  });

  it('with a passkey of a known user are told once a window, and cost the user nothing', async () => {
    const { id, key } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    for (const tampering of [{ wrongKey: true }, { userHandle: null }, { origin: 'https://evil.example' }]) {
      for (let attempt = 0; attempt < 4; attempt++) {
        expect(outcome(await signInWithPasskey(test.client(), key, tampering))).toEqual(FAILED);
      }
    }
    expect(await told(id, 'mfa.authenticator.failed')).toEqual([1, 1]);
    expect(
      events.find(({ userId, type }) => userId === id && type === 'mfa.authenticator.failed'),
    ).toMatchObject({ ip: '127.0.0.1', data: { types: ['webauthn'], afterFirstFactor: false } });
    expect(outcome(await assertKey(await halfSignIn(test, { id }), key))).toEqual([200]);
    expect(outcome(await signInWithPasskey(test.client(), key))).toEqual([200]);
    test.clock.advance(WINDOW);
    await signInWithPasskey(test.client(), key, { wrongKey: true });
    expect(await told(id, 'mfa.authenticator.failed')).toEqual([2, 2]);
  });

  it('leave the passkey to its owner when somebody with the password has spent the attempts', async () => {
    const { id, key } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const half = await halfSignIn(test, { id });
    for (let attempt = 0; attempt <= BUDGET; attempt++) await assertKey(half, key, { wrongKey: true });
    expect(outcome(await signInWithPasskey(test.client(), key))).toEqual([200]);
  });
});
