import type { Tampering } from '../authenticator.js';
import { SoftwareAuthenticator } from '../authenticator.js';
import type { Client } from '../client.js';
import type { Races, Subject } from './races.js';

/** The key's response to this client's challenge. */
export async function answerKey({ key }: Subject, client: Client): Promise<unknown> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return key.get(options);
}

/** Creates a credential with a new key for this client. */
export async function registration(
  client: Client,
  extra: object = {},
  tampering: Tampering = {},
): Promise<unknown> {
  const { body: options } = await client.post('/mfa/webauthn/options', extra);
  return new SoftwareAuthenticator().create(options, tampering);
}

/** The id of the user's only other session. */
export async function otherSessionOf(client: Client): Promise<string> {
  const { body } = await client.get('/mfa/sessions');
  return body.find(({ current }: { current: boolean }) => !current).id;
}

/** Adds codes by email to an enrolled user, in the session to be held; returns the id of the factor. */
export async function enrollEmail(races: Races, subject: Subject): Promise<string> {
  const { held } = subject;
  await held.post('/mfa/factors/email_code');
  const { body } = await held.post('/mfa/factors/email_code/activate', { code: races.sentTo(subject) });
  return body.authenticator.id;
}

/** Adds a list of tokens to an enrolled user; returns the remaining ones. */
export async function enrollList({ held }: Subject): Promise<string[]> {
  const { body } = await held.post('/mfa/factors/token_list');
  const [code, ...left] = (body.tokens as string).split(' ');
  await held.post('/mfa/factors/token_list/activate', { code });
  return left;
}
