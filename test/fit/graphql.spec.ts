import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { totpCode } from 'nestjs-mfa/testing';

import type { Client } from '../support/client.js';
import './support/environment.js';
import { AppModule } from './graphql.app.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD } from './support/users.js';

const LOGIN = 'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) {';

describe('an application with GraphQL', () => {
  let test: StartedApplication;
  beforeAll(async () => {
    test = await startApplication(AppModule);
  });
  afterAll(() => test.app.close());

  const ask = async (client: Client, query: string, variables = {}) =>
    (await client.post('/graphql', { query, variables })).body;
  const login = (client: Client, email: string) =>
    ask(client, `${LOGIN} status methods sessionToken } }`, { email, password: PASSWORD });

  async function signedUp(email: string, client = test.client()) {
    await login(client, email);
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: totpCode(setup.secret, test.clock) });
    const authenticate = (by: Client) => {
      test.clock.advance(30);
      return by.post('/mfa/authenticate', { code: totpCode(setup.secret, test.clock) });
    };
    return { client, authenticate };
  }

  it('signs in by a mutation and the second factor by the module’s route', async () => {
    const { authenticate } = await signedUp('ada@example.com');
    const client = test.client();
    expect((await login(client, 'ada@example.com')).data.login).toEqual({
      status: 'mfa_required',
      methods: ['totp', 'recovery_codes'],
      sessionToken: null,
    });
    expect([...client.cookies.keys()]).toEqual(['mfa_session']);
    const refused = await ask(client, '{ account { id } }');
    expect(refused.errors[0].extensions).toMatchObject({ code: 'unauthenticated', statusCode: 401 });
    expect((await authenticate(client)).body.status).toBe('authenticated');
    expect((await ask(client, '{ account { balance } }')).data).toEqual({ account: { balance: 42 } });
  });

  it('refuses fields and mutations whose proof is too old, and leaves the others alone', async () => {
    const { client, authenticate } = await signedUp('grace@example.com');
    test.clock.advance(301);
    const { data, errors } = await ask(client, '{ account { id balance } }');
    expect(data.account).toEqual({ id: expect.any(String), balance: null });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      path: ['account', 'balance'],
      extensions: { code: 'mfa_required', statusCode: 401, methods: ['totp', 'recovery_codes'], maxAge: 300 },
    });
    const transfer = 'mutation { transfer(amount: 7) }';
    expect((await ask(client, transfer)).errors[0].extensions.code).toBe('mfa_required');
    await authenticate(client);
    expect((await ask(client, transfer)).data.transfer).toMatch(/^7 from /);
  });

  it('gives the token to clients that keep it themselves', async () => {
    const native = (token: string) => test.client({ 'x-mfa-session': token });
    const { sessionToken } = (await login(native('new'), 'barbara@example.com')).data.login;
    const { data } = await ask(native(sessionToken), '{ account { id } }');
    expect(data.account.id).toEqual(expect.any(String));
  });

  it('signs out', async () => {
    const { client } = await signedUp('frances@example.com');
    const copy = client.clone();
    expect((await ask(client, 'mutation { logout }')).data.logout).toBe(true);
    expect(client.cookies.size).toBe(0);
    expect((await ask(copy, '{ account { id } }')).errors[0].extensions.code).toBe('session_expired');
  });

  it('takes no sign-in and no wrong password from anywhere', async () => {
    const wrong = await ask(test.client(), `${LOGIN} status } }`, {
      email: 'hedy@example.com',
      password: 'x',
    });
    expect([wrong.data, wrong.errors[0].extensions.code]).toEqual([null, 'UNAUTHENTICATED']);
    const cross = test.client({ 'sec-fetch-site': 'cross-site' });
    expect((await login(cross, 'hedy@example.com')).errors[0].extensions.code).toBe('cross_origin');
  });
});
