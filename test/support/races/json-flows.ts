import type { Client } from '../client.js';
import { HELD } from '../hold-back.js';
import { answerKey, otherSessionOf, registration } from './steps.js';
import type { Flow, Races, Subject } from './races.js';
import { BOTH } from './races.js';
import { codeOf } from '../test-app.js';

/** The flows that need a recent proof, with a client that has one. */
function changes(races: Races, by: 'session' | 'own token', of: (subject: Subject) => Client): Flow[] {
  return [
    {
      name: `begins to set up an app (${by})`,
      kinds: BOTH,
      by,
      prepare: (s) => () => of(s).post('/mfa/totp', undefined, HELD),
    },
    {
      name: `activates an app (${by})`,
      kinds: BOTH,
      by,
      prepare: async (s) => {
        const { body: setup } = await of(s).post('/mfa/totp');
        const code = setup.secret ? codeOf(setup.secret, races.test.clock) : '000000';
        return () => of(s).post('/mfa/totp/activate', { code }, HELD);
      },
    },
    {
      name: `registers a key (${by})`,
      kinds: BOTH,
      by,
      prepare: async (s) => {
        const credential = await registration(of(s));
        return () => of(s).post('/mfa/webauthn', { credential }, HELD);
      },
    },
    {
      name: `registers a passkey for signing in alone (${by})`,
      kinds: BOTH,
      by,
      prepare: async (s) => {
        const credential = await registration(of(s), { role: 'passwordless' });
        return () => of(s).post('/mfa/webauthn', { credential }, HELD);
      },
    },
    {
      name: `makes recovery codes (${by})`,
      kinds: BOTH,
      by,
      prepare: (s) => () => of(s).post('/mfa/recovery-codes', undefined, HELD),
    },
    {
      name: `revokes all browsers (${by})`,
      kinds: BOTH,
      by,
      prepare: (s) => () => of(s).delete('/mfa/trusted-devices', HELD),
    },
    {
      name: `signs out everywhere else (${by})`,
      kinds: BOTH,
      by,
      prepare: (s) => () => of(s).delete('/mfa/sessions', HELD),
    },
  ];
}

/** The flows of the module's JSON routes. */
export function jsonFlows(races: Races): Flow[] {
  return [
    ...changes(races, 'session', ({ held }) => held),
    // For enrolled users, the application's own proof isn't enough.
    ...changes(races, 'own token', ({ ownToken }) => ownToken).map((flow) => ({
      ...flow,
      kinds: ['new' as const],
    })),
    {
      name: 'renames a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () =>
        s.held.send('PATCH', `/mfa/authenticators/${s.ids.webauthn}`, { name: 'Mine' }, HELD),
    },
    {
      name: 'replaces an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async (s) => {
        const { body: setup } = await s.held.post('/mfa/totp', { replaces: s.ids.totp });
        const code = codeOf(setup.secret, races.test.clock);
        return () => s.held.post('/mfa/totp/activate', { code, endOtherSessions: true }, HELD);
      },
    },
    {
      name: 'removes an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/authenticators/${s.ids.totp}`, HELD),
    },
    {
      name: 'removes a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/authenticators/${s.ids.webauthn}`, HELD),
    },
    {
      name: 'revokes a browser',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/trusted-devices/${s.ids.device}`, HELD),
    },
    {
      name: 'signs out elsewhere',
      kinds: BOTH,
      by: 'session',
      prepare: async (s) => {
        const id = await otherSessionOf(s.held);
        return () => s.held.delete(`/mfa/sessions/${id}`, HELD);
      },
    },
    {
      name: 'proves the first factor again',
      kinds: BOTH,
      by: 'session',
      // Without a session it is an ordinary sign-in; it has a session once it has read it.
      from: 2,
      prepare: (s) => () => s.held.post('/reauthenticate', { id: s.id }, HELD),
    },
    {
      name: 'steps up with an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () =>
        s.held.post('/mfa/authenticate', { code: codeOf(s.secret, races.test.clock) }, HELD),
    },
    {
      name: 'steps up with a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async (s) => {
        const credential = await answerKey(s, s.held);
        return () => s.held.post('/mfa/authenticate/webauthn', { credential }, HELD);
      },
    },
    {
      name: 'finishes a sign-in with an app',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: (s) => () =>
        s.pending.post(
          '/mfa/authenticate',
          { code: codeOf(s.secret, races.test.clock), trustDevice: true },
          HELD,
        ),
    },
    {
      name: 'finishes a sign-in with a recovery code',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: (s) => () => s.pending.post('/mfa/authenticate', { code: s.recoveryCodes[0] }, HELD),
    },
    {
      name: 'finishes a sign-in with a key',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: async (s) => {
        const credential = await answerKey(s, s.pending);
        return () => s.pending.post('/mfa/authenticate/webauthn', { credential }, HELD);
      },
    },
    {
      name: 'signs in by password',
      kinds: BOTH,
      by: 'password',
      // Before its first statement it can't be told from a sign-in that starts later.
      from: 2,
      prepare: (s) => () => races.test.client().post('/login', { id: s.id }, HELD),
    },
    {
      name: 'signs in with a passkey',
      kinds: ['enrolled'],
      by: 'passkey',
      prepare: async (s) => {
        const client = races.test.client();
        const { body: options } = await client.post('/mfa/passkey/options');
        const credential = s.key.get(options);
        return () => client.post('/mfa/passkey', { credential }, HELD);
      },
    },
    {
      name: 'signs out',
      kinds: BOTH,
      by: 'session',
      refusal: 'any',
      prepare: (s) => () => s.held.clone().delete('/mfa/session', HELD),
    },
  ];
}
