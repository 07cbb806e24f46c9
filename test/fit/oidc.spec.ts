import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signInWithMfa, totpCode } from 'nestjs-mfa/testing';

import type { Answer, Client } from '../support/client.js';
import './support/environment.js';
import { FakeProvider } from './support/fake-provider.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';

const APP_URL = 'https://app.example.com';

describe('an application that signs in with OpenID Connect', () => {
  const provider = new FakeProvider();
  let test: StartedApplication;
  beforeAll(async () => {
    Object.assign(process.env, { APP_URL, OIDC_ISSUER: await provider.start(), OIDC_SECRET: 'shared' });
    const { AppModule } = await import('./oidc.app.js');
    test = await startApplication(AppModule);
  });
  afterAll(async () => {
    await test.app.close();
    provider.stop();
  });

  const locationOf = ({ headers }: Answer): string => headers.get('location') ?? '';
  const seconds = () => Math.floor(test.clock.now() / 1000);
  const withMfa = (at = seconds()) => ({ amr: ['pwd', 'otp', 'mfa'], auth_time: at });

  /** Goes to the provider and comes back; answers where it leads from there, or with which status it ends. */
  async function signIn(sub: string, told: object, client = test.client(), path = '/auth/login') {
    provider.next = { sub, email: `${sub}@example.com`, ...told };
    const begun = await client.get(path);
    const back = await fetch(locationOf(begun), { redirect: 'manual' });
    const callback = (back.headers.get('location') ?? '').replace(APP_URL, '');
    // From another site, as it is.
    const answer = await client.get(callback, { 'sec-fetch-site': 'cross-site' });
    return { client, callback, status: answer.status, to: locationOf(answer) };
  }

  const proven = async (client: Client) =>
    (await client.get('/mfa/session')).body.proven.map(({ method }: { method: string }) => method);

  it('asks nobody again whom the provider has asked for a second factor', async () => {
    const { client, to } = await signIn('ada', withMfa());
    expect(to).toBe('/');
    expect(await proven(client)).toEqual(['federated', 'external']);
    expect((await client.get('/reports')).body).toEqual({ turnover: 42 });
    // Neither where the route wants a key, nor for changes of the user's own factors.
    expect((await client.get('/vault')).body.code).toBe('mfa_enrollment_required');
  });

  it.each([
    ['says nothing', {}],
    ['asked for a password', { amr: ['pwd'], auth_time: 1 }],
    ['does not say when', { amr: ['mfa'] }],
    ['asked too long ago', { amr: ['mfa'], auth_time: 1_500_000_000 }],
  ])('asks for the own factor when the provider %s', async (_, told) => {
    const sub = `grace-${JSON.stringify(told).length}`;
    const { client: first } = await signIn(sub, told);
    expect((await first.get('/reports')).body.code).toBe('mfa_enrollment_required');
    const { secret = '' } = await signInWithMfa(test.app, { id: `${provider.url}#${sub}` });
    const { client, to } = await signIn(sub, told);
    expect(to).toBe('/account/security/authenticate');
    expect((await client.get(to, { accept: 'text/html' })).status).toBe(200);
    expect((await client.get('/reports')).status).toBe(401);
    test.clock.advance(30);
    await client.post('/mfa/authenticate', { code: totpCode(secret, test.clock) });
    expect((await client.get('/reports')).status).toBe(200);
  });

  it('goes to the provider again when the proof has grown too old', async () => {
    const { client } = await signIn('barbara', withMfa());
    test.clock.advance(301);
    expect((await client.get('/reports')).status).toBe(403);
    // It knows her, and asks nothing: her proof is as old as it was.
    await signIn('barbara', withMfa(seconds() - 301), client);
    expect(provider.asked.has('max_age')).toBe(false);
    expect((await client.get('/reports')).status).toBe(403);
    await signIn('barbara', withMfa(), client, '/auth/login?fresh=1');
    expect(provider.asked.get('max_age')).toBe('0');
    expect((await client.get('/reports')).status).toBe(200);
  });

  it('takes an answer once, and only in the browser that asked for it', async () => {
    const { client, callback } = await signIn('frances', withMfa());
    expect((await test.client().get(callback)).status).toBe(401);
    expect((await client.get(callback)).status).toBe(401);
    const replaced = test.client();
    await replaced.get('/auth/login');
    expect((await replaced.get(callback)).status).toBe(401);
  });

  it('signs out here, and says where the provider does', async () => {
    const { client } = await signIn('hedy', withMfa());
    const { status, body } = await client.post('/auth/logout');
    expect([status, new URL(body.url).href.split('?')[0]]).toEqual([200, `${provider.url}/logout`]);
    expect((await client.get('/reports')).body.code).toBe('unauthenticated');
  });
});
