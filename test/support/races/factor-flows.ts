import { HELD } from '../hold-back.js';
import { codeOf } from '../test-app.js';
import { answerKey, enrollEmail, enrollList, registration } from './steps.js';
import type { Flow, Races, Subject } from './races.js';
import { BOTH } from './races.js';

/**
 * Flows with factors of the option `factors`, trusted browsers, keys created along the way, and proofs that a request
 * consumes.
 */
export function factorFlows(races: Races): Flow[] {
  const clock = () => races.test.clock;
  const clients = [
    ['session', ({ held }: Subject) => held, BOTH],
    // For enrolled users, the application's own proof isn't enough.
    ['own token', ({ ownToken }: Subject) => ownToken, ['new']],
  ] as const;
  const setups = clients.flatMap(([by, of, kinds]): Flow[] => [
    {
      name: `begins to set up e-mail codes (${by})`,
      kinds: [...kinds],
      by,
      prepare: (s) => () => of(s).post('/mfa/factors/email_code', undefined, HELD),
    },
    {
      name: `activates e-mail codes (${by})`,
      kinds: [...kinds],
      by,
      prepare: async (s) => {
        await of(s).post('/mfa/factors/email_code');
        return () => of(s).post('/mfa/factors/email_code/activate', { code: races.sentTo(s) }, HELD);
      },
    },
    {
      name: `activates a list of tokens (${by})`,
      kinds: [...kinds],
      by,
      prepare: async (s) => {
        const { body } = await of(s).post('/mfa/factors/token_list');
        const [code] = (body.tokens as string).split(' ');
        return () => of(s).post('/mfa/factors/token_list/activate', { code }, HELD);
      },
    },
    {
      name: `registers a key with a wrong signature (${by})`,
      kinds: [...kinds],
      by,
      prepare: async (s) => {
        const credential = await registration(of(s), {}, { origin: 'https://elsewhere.example.org' });
        return () => of(s).post('/mfa/webauthn', { credential }, HELD);
      },
    },
  ]);
  const proofs = [
    ['pending', 'finishes a sign-in', ({ pending }: Subject) => pending],
    ['session', 'steps up', ({ held }: Subject) => held],
    ['own token', 'steps up (own token)', ({ ownToken }: Subject) => ownToken],
  ] as const;
  const proving = proofs.flatMap(([by, what, of]): Flow[] => [
    {
      name: `asks for a code by e-mail and ${what}`,
      kinds: ['enrolled'],
      by,
      prepare: async (s) => {
        await enrollEmail(races, s);
        return () => of(s).post('/mfa/authenticate/email_code/challenge', undefined, HELD);
      },
    },
    {
      name: `${what} with a code by e-mail`,
      kinds: ['enrolled'],
      by,
      prepare: async (s) => {
        await enrollEmail(races, s);
        await of(s).post('/mfa/authenticate/email_code/challenge');
        return () => of(s).post('/mfa/authenticate', { code: races.sentTo(s) }, HELD);
      },
    },
    {
      name: `${what} with a list of tokens`,
      kinds: ['enrolled'],
      by,
      prepare: async (s) => {
        const [code] = await enrollList(s);
        return () => of(s).post('/mfa/authenticate', { code }, HELD);
      },
    },
    {
      name: `${what} with an app, trusting the browser`,
      kinds: ['enrolled'],
      by,
      prepare: (s) => () =>
        of(s).post('/mfa/authenticate', { code: codeOf(s.secret, clock()), trustDevice: true }, HELD),
    },
    {
      name: `${what} with a wrong code`,
      kinds: ['enrolled'],
      by,
      prepare: (s) => () => of(s).post('/mfa/authenticate', { code: '000000' }, HELD),
    },
    {
      name: `${what} with a key`,
      kinds: ['enrolled'],
      by,
      prepare: async (s) => {
        const credential = await answerKey(s, of(s));
        return () => of(s).post('/mfa/authenticate/webauthn', { credential }, HELD);
      },
    },
  ]);

  return [
    ...setups,
    ...proving,
    {
      name: 'removes e-mail codes',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async (s) => {
        const id = await enrollEmail(races, s);
        return () => s.held.delete(`/mfa/authenticators/${id}`, HELD);
      },
    },
    {
      name: 'removes the recovery codes',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async ({ held }) => {
        const { body } = await held.get('/mfa/authenticators?type=recovery_codes');
        return () => held.delete(`/mfa/authenticators/${body[0].id}`, HELD);
      },
    },
    {
      name: 'renames an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare:
        ({ held, ids }) =>
        () =>
          held.send('PATCH', `/mfa/authenticators/${ids.totp}`, { name: 'Mine' }, HELD),
    },
    {
      name: 'registers a key and ends the other sessions',
      kinds: BOTH,
      by: 'session',
      prepare: async ({ held }) => {
        const credential = await registration(held);
        return () => held.post('/mfa/webauthn', { credential, endOtherSessions: true }, HELD);
      },
    },
    {
      name: 'registers a passkey in passing',
      kinds: BOTH,
      by: 'session',
      prepare: async ({ held }) => {
        const credential = await registration(held, { automatic: true });
        return () => held.post('/mfa/webauthn', { credential }, HELD);
      },
    },
    {
      name: 'works without a factor while it may',
      kinds: ['new'],
      by: 'session',
      refusal: 'any',
      prepare:
        ({ held }) =>
        () =>
          held.get('/protected', HELD),
    },
    {
      name: 'spends a proof',
      kinds: ['enrolled'],
      by: 'session',
      prepare:
        ({ held }) =>
        () =>
          held.post('/race/spend', {}, HELD),
    },
    {
      name: 'signs in from a trusted browser',
      kinds: ['enrolled'],
      by: 'password',
      from: 2,
      prepare: async (s) => {
        const client = s.pending.clone();
        const code = codeOf(s.secret, clock());
        await client.post('/mfa/authenticate', { code, trustDevice: true });
        client.cookies.delete('mfa_session');
        return () => client.post('/login', { id: s.id }, HELD);
      },
    },
  ];
}
