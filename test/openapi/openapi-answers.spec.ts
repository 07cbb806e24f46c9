import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaMessage, MfaSignUp, MfaUser } from 'nestjs-mfa';
import { MFA_ERRORS, emailCode, smsCode } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { register } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { AnswerCheck, DOCUMENT_FILE, isOfApplication } from '../support/openapi.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, codeOf, newUserId, startTestApp, users } from '../support/test-app.js';

// The document is data to the test.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const document: any = JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8'));

const OPERATIONS = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
);

/** Every JSON route, with an id and a type that nobody has. */
const ROUTES = OPERATIONS.filter(({ path }) => path.startsWith('/mfa')).map(({ method, path }) => ({
  method,
  url: path.replace('{id}', 'nothing').replace('{type}', 'email_code'),
}));

/** Those that do not end the session. */
const STAYING = ROUTES.filter(({ url, method }) => !(url === '/mfa/session' && method === 'DELETE'));

type Route = (typeof ROUTES)[number];

const messages: MfaMessage[] = [];

class SendingAdapter extends TestAdapter {
  override sendMessage(message: MfaMessage): void {
    if (message.to === 'broken@example.com') throw new Error('The sender is broken');
    messages.push(message);
  }

  override createUser({ name }: MfaSignUp): MfaUser {
    const user = { id: newUserId(), email: name };
    users.set(user.id, user);
    return user;
  }

  override canDeleteAuthenticator({ name }: { name: string }): boolean {
    return name !== 'Kept';
  }
}

describe('AnswerCheck', () => {
  const check = new AnswerCheck(document);
  const answer = (status: number, body: object | '', extra: Record<string, string> = {}): Answer => ({
    status,
    body,
    text: body === '' ? '' : JSON.stringify(body),
    headers: new Headers({ 'cache-control': 'no-store', ...extra }),
  });
  const summary = { total: 10, remaining: 9, createdAt: '2030-01-01T00:00:00.000Z' };
  const refused = { statusCode: 401, error: 'Unauthorized', message: 'No.', code: 'unauthenticated' };
  const problems = (status: number, body: object | '', headers?: Record<string, string>) =>
    check.problemsOf('GET', '/mfa/recovery-codes?a=b', answer(status, body, headers)).join('; ');

  it('takes what the document says', () => {
    expect(problems(200, summary)).toBe('');
    expect(problems(200, { ...summary, createdAt: null })).toBe('');
    expect(problems(401, refused, { 'www-authenticate': 'Bearer' })).toBe('');
    expect(check.problemsOf('GET', '/elsewhere', answer(418, { any: 'thing' }))).toEqual([]);
  });

  it('finds a field, a status, a code and a header that the document does not have', () => {
    expect(problems(200, { ...summary, secret: 1 })).toMatch(/additional properties/);
    expect(problems(200, { total: 10, remaining: 9 })).toMatch(/createdAt/);
    expect(problems(418, refused)).toMatch(/418 is not documented/);
    expect(problems(401, { ...refused, code: 'mfa_required' }, { 'www-authenticate': 'Bearer' })).toMatch(
      /allowed values/,
    );
    expect(problems(401, { ...refused, hint: 1 }, { 'www-authenticate': 'Bearer' })).toMatch(/additional/);
    expect(problems(401, refused)).toMatch(/lacks the header WWW-Authenticate/);
    expect(check.problemsOf('DELETE', '/mfa/session', answer(204, summary)).join()).toMatch(/has a body/);
  });

  it('lets nothing else than what is certainly the application’s pass unseen', () => {
    const isForeign = (status: number, body: object) => isOfApplication(answer(status, body));
    expect(isForeign(500, { message: 'Internal server error' })).toBe(true);
    expect(isForeign(404, { message: 'Cannot GET /mfa/status' })).toBe(true);
    expect(isForeign(404, { message: 'Not found.' })).toBe(false);
    expect(isForeign(400, { message: 'Bad Request' })).toBe(false);
    expect(isForeign(429, refused)).toBe(false);
  });

  it('looks at the route that is named before those with a parameter', () => {
    check.problemsOf('POST', '/mfa/authenticate/webauthn/options', answer(200, {}));
    expect([...check.seen]).toContain('POST /mfa/authenticate/webauthn/options 200');
  });
});

describe('the answers of all routes', () => {
  // Nothing is added by this application, so nothing may be there that has no name.
  const check = new AnswerCheck(document, true);
  const problems: string[] = [];
  let test: TestApp;

  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        webauthn: { ...RELYING_PARTY, origins: [...RELYING_PARTY.origins, 'https://shop.example.org'] },
        passkeyLogin: true,
        passkeySignUp: true,
        pages: true,
        factors: [emailCode({ maxMessages: 3 }), smsCode()],
        trustedDevices: { enabled: true },
        requiredForStaff: true,
        rateLimit: { attempts: 5, windowSeconds: 300, lockAfter: 3, unlock: { byCodes: 2 } },
      },
      adapter: SendingAdapter,
    });
  });

  afterAll(() => test.close());

  /** A client whose answers are all compared with the document. */
  function checked(headers?: Record<string, string>): Client {
    const client = test.client(headers);
    const send = client.send.bind(client);
    client.send = async (method, path, ...rest) => {
      const answer = await send(method, path, ...rest);
      problems.push(...check.problemsOf(method, path, answer));
      return answer;
    };
    return client;
  }

  const call = (client: Client, { method, url }: Route, body?: unknown, headers?: Record<string, string>) =>
    client.send(method, url, method === 'GET' ? undefined : body, headers);

  async function everywhere(client: Client, body?: unknown, headers?: Record<string, string>): Promise<void> {
    for (const route of ROUTES) await call(client, route, body, headers);
  }

  async function signIn(extra: object = {}): Promise<{ client: Client; id: string }> {
    const [client, id] = [checked(), newUserId()];
    await client.post('/login', { id, displayName: 'Ada', ...extra });
    return { client, id };
  }

  const lastCode = () => messages.at(-1)?.code;

  it('are as the document says for nobody, strangers and the malformed', async () => {
    const nobody = checked();
    await everywhere(nobody);
    await everywhere(nobody, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' });
    await everywhere(nobody, '{', { 'content-type': 'application/json' });
    await everywhere(checked({ 'x-mfa-session': 'no token' }));
    const { client } = await signIn();
    await everywhere(client, undefined, { origin: 'https://evil.example.com' });
    for (const url of ['/.well-known/webauthn', '/.well-known/passkey-endpoints']) await nobody.get(url);
    expect(problems).toEqual([]);
  });

  it('are as the document says for users at every stage', async () => {
    const { client, id } = await signIn();
    for (const route of STAYING) await call(client, route, {});
    test.clock.advance(301);
    for (const route of STAYING) await call(client, route, {});
    await client.post('/reauthenticate', { id });

    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: '000000' });
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock), name: 'Phone' });
    await client.post('/mfa/totp');
    await client.post('/mfa/factors/sms_code/activate', { code: '123456' });
    const { body: setOfCodes } = await client.post('/mfa/recovery-codes');
    const key = new SoftwareAuthenticator();
    await register(client, key, { passwordless: true });
    await register(client, key);
    await register(client, new SoftwareAuthenticator(), {}, { origin: 'https://evil.example.com' });
    for (const [index, type] of ['email_code', 'sms_code'].entries()) {
      if (index === 1) await client.post('/login', { id, phoneNumber: '+491701234567' });
      if (index === 1) await client.post('/mfa/authenticate', { code: setOfCodes.codes[0] });
      await client.post(`/mfa/factors/${type}`);
      await client.post(`/mfa/factors/${type}/activate`, { code: lastCode() === '000000' ? '1' : '000000' });
      await client.post(`/mfa/factors/${type}/activate`, { code: lastCode() });
    }
    const { body: all } = await client.get('/mfa/authenticators');
    expect(all.map(({ type }: { type: string }) => type).sort()).toEqual([
      'email_code',
      'recovery_codes',
      'sms_code',
      'totp',
      'webauthn',
    ]);
    const idOf = (type: string) => all.find((one: { type: string }) => one.type === type).id as string;
    await client.get('/mfa/authenticators?type=totp');
    await client.patch(`/mfa/authenticators/${idOf('webauthn')}`, { name: 'Kept' });
    await client.delete(`/mfa/authenticators/${idOf('webauthn')}`);
    await client.delete('/mfa/authenticators/nothing');
    await client.get('/mfa/webauthn/signals');
    await client.get('/mfa/status');
    await client.get('/mfa/session');

    test.clock.advance(301);
    await client.post('/mfa/recovery-codes');

    const half = checked();
    await half.post('/login', { id });
    await half.get('/mfa/session');
    await half.get('/mfa/status');
    await half.post('/mfa/authenticate/sms_code/challenge');
    await half.post('/mfa/authenticate', { code: lastCode(), trustDevice: true });
    const { body: devices } = await half.get('/mfa/trusted-devices');
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    await half.post('/mfa/authenticate/webauthn', { credential: key.get(options, { wrongKey: true }) });
    const { body: again } = await half.post('/mfa/authenticate/webauthn/options');
    await half.post('/mfa/authenticate/webauthn', { credential: key.get(again) });
    await half.delete('/mfa/trusted-devices/nothing');
    await half.delete(`/mfa/trusted-devices/${devices[0].id}`);
    await half.delete('/mfa/trusted-devices');
    await client.post('/login', { id });
    await client.post('/mfa/authenticate/sms_code/challenge');
    await client.post('/mfa/authenticate', { code: lastCode() });
    const { body: sessions } = await half.get('/mfa/sessions');
    await half.delete('/mfa/sessions/nothing');
    await half.delete(`/mfa/sessions/${sessions.find(({ current }: { current: boolean }) => !current).id}`);
    await half.delete('/mfa/sessions');
    for (let sent = 0; sent < 3; sent += 1) await half.post('/mfa/authenticate/email_code/challenge');
    await half.get('/mfa/authenticate/authenticators');
    await half.post(`/mfa/authenticate/authenticators/${idOf('recovery_codes')}/suspend`);
    await half.post(`/mfa/authenticate/authenticators/${idOf('totp')}/suspend`);
    await half.post(`/mfa/authenticators/${idOf('totp')}/resume`);
    await half.post('/mfa/authenticate/authenticators/nothing/suspend');
    await half.post('/mfa/authenticators/nothing/resume');
    await half.delete(`/mfa/authenticators/${idOf('totp')}`);
    await half.delete('/mfa/session');

    const passkey = checked({ 'x-mfa-session': 'new' });
    const { body: request } = await passkey.post('/mfa/passkey/options');
    await passkey.post('/mfa/passkey', { credential: key.get(request) });
    const { body: other } = await passkey.post('/mfa/passkey/options');
    await passkey.post('/mfa/passkey', { credential: new SoftwareAuthenticator().get(other) });

    const newcomer = checked();
    const name = { name: 'newcomer@example.com' };
    const { body: creation } = await newcomer.post('/mfa/sign-up/options', name);
    await newcomer.post('/mfa/sign-up', {
      ...name,
      credential: new SoftwareAuthenticator().create(creation, { origin: 'https://elsewhere.example' }),
    });
    const { body: anew } = await newcomer.post('/mfa/sign-up/options', name);
    await newcomer.post('/mfa/sign-up', { ...name, credential: new SoftwareAuthenticator().create(anew) });
    expect(problems).toEqual([]);
  });

  it('are as the document says where it is refused', async () => {
    const unverified = await signIn({ emailVerified: false });
    for (const route of STAYING) await call(unverified.client, route, { code: '123456' });
    const broken = await signIn({ email: 'broken@example.com' });
    await broken.client.post('/mfa/factors/email_code');

    const { client, id } = await signIn({ isStaff: true });
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    const half = checked();
    await half.post('/login', { id });
    for (let tried = 0; tried < 6; tried += 1) await half.post('/mfa/authenticate', { code: '000000' });
    test.clock.advance(301);
    await half.post('/mfa/authenticate', { code: '000000' });
    expect(problems).toEqual([]);
  });

  it('are as the document says when the database is gone', async () => {
    const { client } = await signIn();
    await test.dataSource.dropDatabase();
    await everywhere(client, {});
    expect(problems).toEqual([]);
  });

  it('were of every route, and of nearly every code', () => {
    const successes = OPERATIONS.map(({ method, path }) => {
      const { responses } = document.paths[path][method.toLowerCase()];
      return `${method} ${path} ${Object.keys(responses).find((status) => status < '300')}`;
    });
    expect(successes.filter((one) => !check.seen.has(one))).toEqual([]);
    const codes = new Set(
      [...check.seen].map((one) => one.split(' ')[3]).filter((code) => code !== undefined),
    );
    const unseen = Object.keys(MFA_ERRORS).filter((code) => !codes.has(code));
    // The first is the application's to answer; the other one takes several connections.
    expect(unseen).toEqual(['add_email_blocked', 'conflict']);
  });
});
