import type { Tampering } from '../authenticator.js';
import { SoftwareAuthenticator } from '../authenticator.js';
import type { Client } from '../client.js';
import type { Races, Subject } from './races.js';

/** What the user's key answers to this client. */
export async function answerKey({ key }: Subject, client: Client): Promise<unknown> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return key.get(options);
}

/** A credential of a new key, made for this client. */
export async function registration(
  client: Client,
  extra: object = {},
  tampering: Tampering = {},
): Promise<unknown> {
  const { body: options } = await client.post('/mfa/webauthn/options', extra);
  return new SoftwareAuthenticator().create(options, tampering);
}

/** The id of the one session of the user that is not this client's. */
export async function otherSessionOf(client: Client): Promise<string> {
  const { body } = await client.get('/mfa/sessions');
  return body.find(({ current }: { current: boolean }) => !current).id;
}

/** Gives an enrolled user codes by e-mail besides, in the session that is to be held; their id. */
export async function enrollEmail(races: Races, subject: Subject): Promise<string> {
  const { held } = subject;
  await held.post('/mfa/factors/email_code');
  const { body } = await held.post('/mfa/factors/email_code/activate', { code: races.sentTo(subject) });
  return body.authenticator.id;
}

/** Gives an enrolled user a list of tokens besides; those that are left. */
export async function enrollList({ held }: Subject): Promise<string[]> {
  const { body } = await held.post('/mfa/factors/token_list');
  const [code, ...left] = (body.tokens as string).split(' ');
  await held.post('/mfa/factors/token_list/activate', { code });
  return left;
}
