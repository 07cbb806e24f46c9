import type { Answer, Client } from '../client.js';
import { HELD } from '../hold-back.js';
import { secretOf } from '../html.js';
import { PageClient } from '../page-client.js';
import { codeOf } from '../test-app.js';
import { answerKey, enrollEmail, otherSessionOf, registration } from './steps.js';
import type { Flow, Races, Subject } from './races.js';
import { BOTH, RACE_PASSWORD } from './races.js';

const PAGES = '/account/security';

/** The flows of the pages' forms. A page may redirect instead of refusing. */
export function pageFlows(races: Races): Flow[] {
  const clock = () => races.test.clock;
  /** Loads a page's form for this client, ready to submit. */
  const form = async (
    client: Client,
    path: string,
    fields: Record<string, string> | ((page: Answer) => Record<string, string>) = {},
  ): Promise<() => Promise<Answer>> => {
    const browser = PageClient.of(client);
    const page = await browser.get(PAGES + path);
    const filled = typeof fields === 'function' ? fields(page) : fields;
    Object.assign(browser.headers, HELD);
    return () => browser.submit(PAGES + path, filled, page);
  };
  const flow = (
    name: string,
    kinds: Flow['kinds'],
    prepare: (subject: Subject) => Promise<() => Promise<Answer>>,
    by: Flow['by'] = 'session',
  ): Flow => ({ name, kinds, by, refusal: 'any', prepare });

  return [
    flow('opens the page of an app, which begins its set-up', BOTH, ({ held }) => {
      const browser = PageClient.of(held);
      return Promise.resolve(() => browser.get(`${PAGES}/totp/add`, HELD));
    }),
    flow('activates an app', BOTH, ({ held }) =>
      form(held, '/totp/add', ({ text }) => ({ code: codeOf(secretOf(text), clock()) })),
    ),
    flow('registers a key', BOTH, async ({ held }) => {
      const credential = JSON.stringify(await registration(held));
      return form(held, '/webauthn/add', { credential });
    }),
    flow('begins to set up e-mail codes', BOTH, ({ held }) =>
      form(held, '/factors/email_code/add', { begin: '1' }),
    ),
    flow('activates e-mail codes', BOTH, async (s) => {
      await s.held.post('/mfa/factors/email_code');
      return form(s.held, '/factors/email_code/add', { code: races.sentTo(s) });
    }),
    flow('proves the password again', ['new'], ({ held }) =>
      form(held, '/reauthenticate', { password: RACE_PASSWORD }),
    ),
    flow('signs out everywhere else', BOTH, ({ held }) => form(held, '/sessions', { all: '1' })),
    flow('signs out elsewhere', BOTH, async ({ held }) =>
      form(held, '/sessions', { id: await otherSessionOf(held) }),
    ),
    flow('signs out', BOTH, ({ held }) => form(held.clone(), '/sign-out')),
    flow('makes recovery codes', ['enrolled'], ({ held }) => form(held, '/recovery-codes/generate')),
    flow('replaces an app', ['enrolled'], ({ held, ids }) =>
      form(held, `/totp/add?replaces=${ids.totp}`, ({ text }) => ({
        code: codeOf(secretOf(text), clock()),
        endOtherSessions: '1',
      })),
    ),
    flow('removes an app', ['enrolled'], ({ held, ids }) => form(held, `/totp/remove?id=${ids.totp}`)),
    flow('removes a key', ['enrolled'], ({ held, ids }) => form(held, `/webauthn/${ids.webauthn}/remove`)),
    flow('renames a key', ['enrolled'], ({ held, ids }) =>
      form(held, `/webauthn/${ids.webauthn}/edit`, { name: 'Mine' }),
    ),
    flow('removes e-mail codes', ['enrolled'], async (s) => {
      const id = await enrollEmail(races, s);
      return form(s.held, `/factors/email_code/remove?id=${id}`);
    }),
    flow('revokes a browser', ['enrolled'], ({ held, ids }) =>
      form(held, '/trusted-devices', { id: ids.device }),
    ),
    flow('revokes all browsers', ['enrolled'], ({ held }) => form(held, '/trusted-devices', { all: '1' })),
    flow('steps up with an app', ['enrolled'], ({ held, secret }) =>
      form(held, '/authenticate', { code: codeOf(secret, clock()) }),
    ),
    flow(
      'finishes a sign-in with an app',
      ['enrolled'],
      ({ pending, secret }) =>
        form(pending, '/authenticate', { code: codeOf(secret, clock()), trustDevice: '1' }),
      'pending',
    ),
    flow(
      'finishes a sign-in with a recovery code',
      ['enrolled'],
      ({ pending, recoveryCodes }) => form(pending, '/authenticate', { code: recoveryCodes[0] as string }),
      'pending',
    ),
    flow(
      'finishes a sign-in with a key',
      ['enrolled'],
      async (s) => {
        const credential = JSON.stringify(await answerKey(s, s.pending));
        return form(s.pending, '/authenticate', { credential });
      },
      'pending',
    ),
    flow(
      'asks for a code by e-mail',
      ['enrolled'],
      async (s) => {
        await enrollEmail(races, s);
        return form(s.pending, '/authenticate', { send: 'email_code' });
      },
      'pending',
    ),
    flow(
      'gives a sign-in up',
      ['enrolled'],
      ({ pending }) => form(pending, '/authenticate', { cancel: '1' }),
      'pending',
    ),
    flow(
      'signs in with a passkey',
      ['enrolled'],
      async ({ key }) => {
        const client = races.test.client();
        const { body: options } = await client.post('/mfa/passkey/options');
        return form(client, '/passkey', { credential: JSON.stringify(key.get(options)) });
      },
      'passkey',
    ),
  ];
}
