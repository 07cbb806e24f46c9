import type { Tampering } from './authenticator.js';
import { SoftwareAuthenticator } from './authenticator.js';
import type { Answer, Client } from './client.js';
import type { TestApp } from './test-app.js';
import { newUserId } from './test-app.js';

/** Creates a user who has passed the first factor. */
export async function signIn(test: TestApp): Promise<{ client: Client; id: string }> {
  const client = test.client();
  const id = newUserId();
  await client.post('/login', { id, displayName: 'Ada Lovelace' });
  return { client, id };
}

/** Registers the key, optionally tampering with the ceremony. */
export async function register(
  client: Client,
  key: SoftwareAuthenticator,
  extra: object = {},
  tampering: Tampering = {},
): Promise<Answer> {
  const { body: options } = await client.post('/mfa/webauthn/options', extra);
  return client.post('/mfa/webauthn', { credential: key.create(options, tampering) });
}

/** A user with a security key, in the session that registered it. */
export interface KeyHolder {
  client: Client;
  id: string;
  key: SoftwareAuthenticator;
  authenticatorId: string;
  recoveryCodes: string[];
}

export async function enrollKey(
  test: TestApp,
  key: SoftwareAuthenticator = new SoftwareAuthenticator(),
  extra: object = {},
): Promise<KeyHolder> {
  const { client, id } = await signIn(test);
  const { body, status } = await register(client, key, extra);
  if (status !== 201) throw new Error(`Registration answered ${status} ${JSON.stringify(body)}`);
  return {
    client,
    id,
    key,
    authenticatorId: body.authenticator.id as string,
    recoveryCodes: body.recoveryCodes as string[],
  };
}

/** Proves the key, to complete a sign-in or to step up. */
export async function assertKey(
  client: Client,
  key: SoftwareAuthenticator,
  tampering: Tampering = {},
): Promise<Answer> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return client.post('/mfa/authenticate/webauthn', { credential: key.get(options, tampering) });
}

/** Signs in with just a passkey. */
export async function signInWithPasskey(
  client: Client,
  key: SoftwareAuthenticator,
  tampering: Tampering = {},
): Promise<Answer> {
  const { body: options } = await client.post('/mfa/passkey/options');
  return client.post('/mfa/passkey', { credential: key.get(options, tampering) });
}
