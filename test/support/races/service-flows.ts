import { HELD } from '../hold-back.js';
import { codeOf } from '../test-app.js';
import { otherSessionOf, registration } from './steps.js';
import type { Flow, Races } from './races.js';
import { BOTH } from './races.js';

/** What an application does through the services: for a request, which needs a proof, and on its own, which doesn't. */
export function serviceFlows(races: Races): Flow[] {
  const call = (what: string, body: object = {}, path = 'request') =>
    [`/race/${path}/${what}`, body, HELD] as const;
  const forRequests: Flow[] = [
    {
      name: 'gets the key of an app',
      kinds: BOTH,
      by: 'session',
      prepare:
        ({ held }) =>
        () =>
          held.post(...call('totp-key')),
    },
    {
      name: 'activates an app',
      kinds: BOTH,
      by: 'session',
      prepare: async ({ held }) => {
        const { body } = await held.post('/mfa/totp');
        return () => held.post(...call('activate', { code: codeOf(body.secret, races.test.clock) }));
      },
    },
    {
      name: 'registers a key',
      kinds: BOTH,
      by: 'session',
      prepare: async ({ held }) => {
        const credential = await registration(held);
        return () => held.post(...call('register', { credential }));
      },
    },
    {
      name: 'makes recovery codes',
      kinds: BOTH,
      by: 'session',
      prepare:
        ({ held }) =>
        () =>
          held.post(...call('codes')),
    },
    {
      name: 'revokes all browsers',
      kinds: BOTH,
      by: 'session',
      prepare:
        ({ held }) =>
        () =>
          held.post(...call('browsers')),
    },
    {
      name: 'signs out elsewhere',
      kinds: BOTH,
      by: 'session',
      prepare: async ({ held }) => {
        const id = await otherSessionOf(held);
        return () => held.post(...call('end', { id }));
      },
    },
    {
      name: 'signs out everywhere else',
      kinds: BOTH,
      by: 'session',
      prepare:
        ({ held }) =>
        () =>
          held.post(...call('end-others')),
    },
  ];
  const alone = ['begin', 'codes', 'browsers', 'end-others', 'reset', 'require', 'unlock'];
  return [
    ...forRequests,
    ...alone.map((what): Flow => ({
      name: `by itself: ${what}`,
      kinds: BOTH,
      by: 'application',
      prepare:
        ({ id }) =>
        () =>
          races.test.client().post(...call(what, { id }, 'alone')),
    })),
  ];
}
