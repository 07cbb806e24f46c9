import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable, Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { itemsOf, textOf } from '../target/attack-answer.js';

/** A name that is safe to show in a report. */
const NAME = /^[\w.-]{1,40}$/;
const EVIL = 'https://evil.example';
/** The headers that a browser adds to a request from another site's page. */
const FOREIGN = { origin: EVIL, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };

/** Another site's page sends requests through the browser of a signed-in user. */
export const crossSite: AttackFamily = {
  name: 'Other sites',
  attacks: [
    {
      id: 'cross-site-request',
      title: 'Requests of another site with the owner’s cookie',
      priority: 'P1',
      gain: 'A page that the owner visits makes new recovery codes or removes the factor.',
      mend: 'Refuse unsafe methods of other origins: `Sec-Fetch-Site`, else `Origin`.',
      sources: ['OWASP ASVS 5.0.0, 3.5.1', 'CWE-352'],
      classes: [40],
      async run(scene: Scene): Promise<void> {
        if (scene.wire.sessionHeader !== undefined) throw new NotApplicable('No cookie carries the session');
        const owner = await scene.withApp();
        scene.control('the same of one’s own page', await owner.client.mfa('POST', '/recovery-codes'));
        const bodies: Record<string, [string, string]> = {
          'as JSON': ['application/json', '{}'],
          'as text': ['text/plain', '{}'],
          'as a form': ['application/x-www-form-urlencoded', 'a=b'],
        };
        for (const [what, [type, body]] of Object.entries(bodies)) {
          const headers = { ...FOREIGN, 'content-type': type };
          const answer = await owner.client.mfa('POST', '/recovery-codes', body, { headers });
          scene.mustRefuse(`making recovery codes ${what}`, answer, [415]);
        }
        const removal = await owner.client.mfa(
          'DELETE',
          `/authenticators/${owner.authenticatorId}`,
          undefined,
          {
            headers: FOREIGN,
          },
        );
        scene.mustRefuse('removing the factor', removal);
        await scene.controlProtected(owner.client);
        const own = await owner.client.mfa('DELETE', `/authenticators/${owner.authenticatorId}`);
        scene.control('the same of one’s own page', own);
      },
    },
    {
      id: 'sign-in-planted',
      title: 'A second step that another site sends',
      priority: 'P0',
      gain: 'The victim’s browser is signed in to the attacker’s account, and leaves secrets there.',
      mend: 'Refuse sign-ins and second steps of other origins.',
      sources: ['CWE-352', 'OWASP ASVS 5.0.0, 3.5.1'],
      classes: [39],
      async run(scene: Scene): Promise<void> {
        if (scene.wire.sessionHeader !== undefined) throw new NotApplicable('No cookie carries the session');
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        const type = { 'content-type': 'text/plain' };
        const planted = await half.mfa('POST', '/authenticate', JSON.stringify({ code }), {
          headers: { ...FOREIGN, ...type },
        });
        scene.mustRefuse('a second step of another site', planted, [415]);
        const next = await scene.freshCode(owner.app);
        scene.control('the same of one’s own page', await half.mfa('POST', '/authenticate', { code: next }));
      },
    },
    {
      id: 'get-changes-something',
      title: 'Changes by GET, and by another method in disguise',
      priority: 'P1',
      gain: 'An image on any page changes factors.',
      mend: 'Change nothing by GET, and take no method from a header or a parameter.',
      sources: ['RFC 9110, section 9.2.1', 'CWE-650'],
      classes: [40],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { client, authenticatorId } = owner;
        const before = textOf((await client.mfa('GET', '/recovery-codes')).body['createdAt']);
        const path = `/authenticators/${authenticatorId}`;
        const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' };
        for (const [what, where] of Object.entries({
          'GET with another method in a header': path,
          'GET with another method in a parameter': `${path}?_method=DELETE`,
          'GET of removal': `${path}/delete`,
          'GET of making codes': '/recovery-codes?_method=POST',
          'GET of a second step': '/authenticate?code=000000',
        })) {
          const answer = await client.mfa('GET', where, undefined, { headers: override });
          if (answer.status >= 500) throw new Unclear(`${what} answered ${answer.status}`);
        }
        const left = itemsOf(await client.mfa('GET', '/authenticators'));
        scene.must(
          left.some(({ id }) => id === authenticatorId),
          'the factor is there',
          'a GET removed the factor',
        );
        const after = textOf((await client.mfa('GET', '/recovery-codes')).body['createdAt']);
        scene.must(before === after, 'the recovery codes are as they were', 'a GET made new recovery codes');
        await scene.controlProtected(client);
      },
    },
    {
      id: 'answers-shared-with-another-site',
      title: 'Answers that another site’s script may read',
      priority: 'P1',
      gain: 'A page that the owner visits reads the recovery codes.',
      mend: 'List the origins that CORS allows with credentials; never repeat the request’s `Origin`.',
      sources: ['OWASP ASVS 5.0.0, 3.4.2', 'CWE-942'],
      classes: [40, 58],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.withApp();
        for (const origin of [EVIL, 'null', `${scene.wire.origin}.evil.example`]) {
          const { headers } = await client.mfa('GET', '/status', undefined, { headers: { origin } });
          const allowed = headers.get('access-control-allow-origin');
          const isRead =
            (allowed === origin || allowed === '*') && headers.has('access-control-allow-credentials');
          scene.must(!isRead, 'another origin may not read it', 'another origin may read it with the cookie');
        }
      },
    },
    {
      id: 'cached-answers',
      title: 'Secrets that a cache keeps',
      priority: 'P2',
      gain: 'The next user of the computer, or of the proxy, finds secrets and recovery codes.',
      mend: 'Send `Cache-Control: no-store` with every answer.',
      sources: ['OWASP ASVS 5.0.0, 14.3.2', 'CWE-525'],
      classes: [46],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.newcomer();
        const setup = scene.control('beginning to set up an app', await client.mfa('POST', '/totp'));
        const status = scene.control('asking for the status', await client.mfa('GET', '/status'));
        for (const { asked, headers } of [setup, status]) {
          const isKept = !/no-store/i.test(headers.get('cache-control') ?? '');
          scene.must(!isKept, `${asked} says no-store`, `${asked} may be kept by caches`);
        }
      },
    },
    {
      id: 'readable-cookie',
      title: 'Cookies that scripts read, or that travel without encryption or from other sites',
      priority: 'P1',
      gain: 'One injected script, or one open network, takes the session or the trust away.',
      mend: 'Set `HttpOnly`, `SameSite` and, on https, `Secure` for every cookie; name what scripts have to read in `settings.readableCookies`.',
      sources: ['OWASP ASVS 5.0.0, 3.3.1 to 3.3.4'],
      classes: [58],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.full(owner, { trustDevice: true });
        await scene.browser().get(scene.target.protectedRoute, { headers: { accept: 'text/html' } });
        // These include the cookies of earlier attacks.
        const { cookies, origin } = scene.wire;
        if (cookies.all.length === 0) throw new NotApplicable('No cookie was set');
        const faults = cookies.all.map(([name, lacking]): [string, string[]] => [
          NAME.test(name) ? `the cookie ${name}` : 'a cookie',
          lacking.filter(
            (one) =>
              (one !== 'Secure' || origin.startsWith('https:')) &&
              (one !== 'HttpOnly' || !scene.settings.readableCookies.includes(name)),
          ),
        ]);
        const told = faults.filter(([, lacking]) => lacking.length > 0);
        scene.must(
          told.length === 0,
          `${faults.map(([name]) => name).join(', ')}: kept from scripts and other sites`,
          told.map(([name, lacking]) => `${name} lacks ${lacking.join(', ')}`).join('; '),
        );
      },
    },
    {
      id: 'token-carried-along',
      title: 'A token that a client carries along to another site',
      priority: 'P1',
      gain: 'A redirect takes the session’s token to whoever it leads to.',
      mend: 'Follow no redirect with a token in a header; `nestjs-mfa/browser` does not.',
      sources: ['CVE-2022-27774'],
      classes: [58],
      lookAt:
        'If your pages or apps carry the session in a header: let a route of yours redirect to another origin, and see in the developer tools whether the header goes along.',
    },
  ],
};
