import { AuthenticatorApp } from '../scene/authenticator-app.js';
import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import type { AttackClient } from '../target/attack-client.js';
import { RECENT_ROUTES, mustReachNone } from './own-routes.js';

/** The secret of an app, made up by the client. */
const OWN_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** Adding, replacing and removing factors. */
export const changes: AttackFamily = {
  name: 'Changes of factors',
  attacks: [
    {
      id: 'stale-proof-changes-factors',
      title: 'Changes of factors with a second factor that was proven long ago',
      priority: 'P0',
      gain: 'Who finds an open session makes the account their own for good.',
      mend: 'Ask for a recent second factor before every change of factors and codes; the password alone is none.',
      sources: ['CVE-2026-3429', 'Supabase #2565', 'OWASP ASVS 5.0.0, 7.5.1'],
      classes: [19],
      needs: ['clock'],
      lookAt:
        'Sign in with a second factor, wait for longer than `changesMaxAgeSeconds`, enter the password again where that is possible, then remove a factor and make new recovery codes: both have to ask for the second factor.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { client } = owner;
        scene.control('making recovery codes at once', await client.mfa('POST', '/recovery-codes'));
        await scene.pass(scene.settings.freshSeconds + 60);
        await scene.legitimately('entering the password again', async () =>
          scene.target.reauthenticate?.(client, owner.user),
        );
        await mustReachNone(scene, RECENT_ROUTES, client, owner);
        const factor = `/authenticators/${owner.authenticatorId}`;
        const code = await scene.freshCode(owner.app);
        scene.control('stepping up', await client.mfa('POST', '/authenticate', { code }));
        scene.control('renaming it then', await client.mfa('PATCH', factor, { name: 'Mine' }));
      },
    },
    {
      id: 'stale-proof-opens-step-up',
      title: 'The step-up route with a second factor that was proven long ago',
      priority: 'P1',
      gain: 'Who finds an open session does what only a fresh proof should allow.',
      mend: 'Give the route a `maxAge`.',
      sources: ['RFC 9470, section 4', 'OWASP ASVS 5.0.0, 7.5.3'],
      classes: [],
      needs: ['clock', 'stepUpRoute'],
      lookAt:
        'Prove a second factor, wait for longer than the route’s `maxAge`, open the route: it has to ask again.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.controlProtected(owner.client, scene.stepUpRoute);
        await scene.pass(scene.settings.freshSeconds + 60);
        await scene.mustNotOpen('with a proof of long ago', owner.client, scene.stepUpRoute);
        const code = await scene.freshCode(owner.app);
        scene.control('stepping up', await owner.client.mfa('POST', '/authenticate', { code }));
        await scene.controlProtected(owner.client, scene.stepUpRoute);
      },
    },
    {
      id: 'secret-of-the-client',
      title: 'A secret that the client sends along when it finishes a set-up',
      priority: 'P0',
      gain: 'Somebody who can make a browser send one request has an app in the account.',
      mend: 'Take the secret from the set-up on the server, and from nowhere else.',
      sources: ['CWE-602'],
      classes: [22],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.newcomer();
        const real = await scene.beginApp(client);
        const url = `otpauth://totp/a?secret=${OWN_SECRET}`;
        const own = new AuthenticatorApp({ body: { secret: OWN_SECRET, url } } as never);
        const code = own.codeOf(own.stepAt(scene.now));
        const sent = { code, secret: OWN_SECRET, url, key: OWN_SECRET, totpSecret: OWN_SECRET };
        scene.mustRefuse('a code of the client’s secret', await client.mfa('POST', '/totp/activate', sent));
        const right = await client.mfa('POST', '/totp/activate', { code: await scene.freshCode(real) });
        scene.control('a code of the server’s secret', right);
      },
    },
    {
      id: 'unfinished-set-up',
      title: 'An app that was never finished to be set up, at sign-in',
      priority: 'P0',
      gain: 'Who has a session for a moment has an app for ever.',
      mend: 'Let nothing of a set-up verify codes before it is finished.',
      sources: ['Supabase', 'CWE-372'],
      classes: [20],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const answer = await owner.client.mfa('POST', '/totp', { replaces: owner.authenticatorId });
        if (answer.status === 409) throw new NotApplicable('No second app is set up beside the first');
        scene.control('beginning to set up another app', answer);
        const unfinished = new AuthenticatorApp(answer);
        scene.secrets.note(unfinished.secret);
        const half = await scene.half(owner);
        const code = unfinished.codeOf(unfinished.stepAt(scene.now));
        scene.mustRefuse('a code of the unfinished app', await half.mfa('POST', '/authenticate', { code }));
        const right = await scene.freshCode(owner.app);
        scene.control('a code of the former app', await half.mfa('POST', '/authenticate', { code: right }));
      },
    },
    {
      id: 'set-up-of-another-session',
      title: 'A set-up that another session has begun',
      priority: 'P1',
      gain: 'A thief begins, the owner scans and finishes: both have the secret.',
      mend: 'Bind the set-up to the session that began it.',
      sources: ['GitLab #27686'],
      classes: [54],
      async run(scene: Scene): Promise<void> {
        const { user, client: thief } = await scene.newcomer();
        const owner = await scene.signIn(user);
        const theirs = await scene.beginApp(thief);
        const code = await scene.freshCode(theirs);
        scene.mustRefuse('finishing it elsewhere', await owner.mfa('POST', '/totp/activate', { code }));
        const own = await scene.beginApp(owner);
        scene.must(
          own.secret !== theirs.secret,
          'the owner is shown another secret',
          'the owner is shown the secret that the other session knows',
        );
        const right = await owner.mfa('POST', '/totp/activate', { code: await scene.freshCode(own) });
        scene.control('finishing one’s own', right);
      },
    },
    {
      id: 'session-from-before-first-factor',
      title: 'A session from before the first factor was set up',
      priority: 'P0',
      gain: 'A thief who was in by the password stays in, and changes what the owner has just set up.',
      mend: 'End the user’s other sessions with the first second factor.',
      sources: ['CVE-2023-31140', 'OWASP ASVS 5.0.0, 7.4.3'],
      classes: [47],
      async run(scene: Scene): Promise<void> {
        const { user, client } = await scene.newcomer();
        const thief = await scene.signIn(user);
        scene.control('the other session before', await thief.mfa('GET', '/status'));
        await scene.addApp(client);
        await scene.controlProtected(client);
        scene.control('making recovery codes', await client.mfa('POST', '/recovery-codes'));
        await scene.mustNotOpen('the other session', thief);
        scene.mustRefuse('making recovery codes in it', await thief.mfa('POST', '/recovery-codes'));
        scene.mustRefuse('asking for the status in it', await thief.mfa('GET', '/status'));
      },
    },
    {
      id: 'weak-factor-changes-strong',
      title: 'Changes by a code that was typed, for who has a key',
      priority: 'P1',
      gain: 'Who has relayed one code removes the key that can’t be relayed.',
      mend: 'Ask for the strongest kind of factor that the user has, or a recovery code (`changesNeed: "strongest"`).',
      sources: ['NIST SP 800-63B-4, section 4.1.2'],
      classes: [51],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const added = await scene.addKey(owner.client);
        scene.control('making recovery codes by key', await owner.client.mfa('POST', '/recovery-codes'));
        const client = await scene.full(owner);
        await scene.controlProtected(client);
        scene.mustRefuse('making recovery codes', await client.mfa('POST', '/recovery-codes'));
        const removal = await client.mfa('DELETE', `/authenticators/${added.authenticatorId}`);
        scene.mustRefuse('removing the key', removal);
        scene.mustRefuse('registering a key', await client.mfa('POST', '/webauthn/options', {}));
        const removed = await owner.client.mfa('DELETE', `/authenticators/${added.authenticatorId}`);
        scene.control('removing the key by key', removed);
      },
    },
    {
      id: 'typed-code-adds-app',
      title: 'Another app by a code that was typed, for who has a key',
      priority: 'P1',
      gain: 'Who has relayed one code has an app in the account, beside the key that can’t be relayed.',
      mend: 'Ask for the strongest kind of factor before a further one is added, of every kind (`changesNeed: "strongest"`).',
      sources: ['NIST SP 800-63B-4, section 4.1.2', 'OWASP ASVS 5.0.0, 7.5.1'],
      classes: [51],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { key } = await scene.addKey(owner.client);
        const thief = await scene.full(owner);
        await scene.controlProtected(thief);
        const begin = (client: AttackClient) =>
          client.mfa('POST', '/totp', { replaces: owner.authenticatorId });
        scene.mustRefuse('setting up another app', await begin(thief));
        scene.mustRefuse('setting up one beside it', await thief.mfa('POST', '/totp'));
        scene.control('proving the key', await scene.proveKey(thief, key));
        scene.control('setting up another app then', await begin(thief));
      },
    },
    {
      id: 'removed-factor',
      title: 'What a removed factor had proven, and its codes',
      priority: 'P0',
      gain: 'Who had the lost phone stays signed in.',
      mend: 'End the other sessions with the factor, and take its proofs out of this one.',
      sources: ['Supabase #2607', 'OWASP ASVS 5.0.0, 7.4.3'],
      classes: [42],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { key } = await scene.addKey(owner.client);
        const thief = await scene.full(owner);
        await scene.controlProtected(thief);
        const removal = await owner.client.mfa('DELETE', `/authenticators/${owner.authenticatorId}`);
        scene.control('removing the app', removal);
        await scene.mustNotOpen('a session that the app had opened', thief);
        const half = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        scene.mustRefuse('a code of the removed app', await half.mfa('POST', '/authenticate', { code }));
        const options = await scene.proofOptions(half);
        const credential = scene.byBrowser(() => key.get(options.body as never));
        scene.control('the key', await half.mfa('POST', '/authenticate/webauthn', { credential }));
      },
    },
    {
      id: 'former-recovery-codes',
      title: 'A recovery code after new ones were made',
      priority: 'P1',
      gain: 'A lost sheet of codes stays good.',
      mend: 'Let new codes replace the former ones in one commit.',
      sources: ['OWASP ASVS 5.0.0, 6.5.1'],
      classes: [5],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [former] = owner.recoveryCodes;
        if (former === undefined) throw new NotApplicable('There are no recovery codes here');
        const made = scene.control('making new codes', await owner.client.mfa('POST', '/recovery-codes'));
        const [code] = (made.body['codes'] ?? []) as string[];
        scene.secrets.note(code ?? '');
        const half = await scene.half(owner);
        scene.mustRefuse('a former code', await half.mfa('POST', '/authenticate', { code: former }));
        scene.control('a new code', await half.mfa('POST', '/authenticate', { code }));
      },
    },
    {
      id: 'session-after-admin-reset',
      title: 'Sessions and codes after an administrator has reset the factors',
      priority: 'P0',
      gain: 'A thief whom support has thrown out stays in.',
      mend: 'Let a reset end sessions, half-finished sign-ins and trusted browsers: `MfaAdminService.reset()`.',
      sources: ['Supabase #2607', 'CWE-613'],
      classes: [42],
      needs: ['resetByAdmin'],
      lookAt:
        'Reset somebody’s factors as an administrator: their sessions have to end, and the owner has to be told.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.controlProtected(owner.client);
        await scene.full(owner);
        const half = await scene.half(owner);
        await scene.legitimately('resetting', async () => scene.target.resetByAdmin?.(owner.user));
        await scene.mustNotOpen('the session of before', owner.client);
        const code = await scene.freshCode(owner.app);
        scene.mustRefuse(
          'finishing the sign-in of before',
          await half.mfa('POST', '/authenticate', { code }),
        );
        await scene.signIn(owner.user);
      },
    },
  ],
};
