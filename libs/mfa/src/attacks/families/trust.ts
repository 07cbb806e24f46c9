import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene, WithApp } from '../scene/scene.js';
import { itemsOf, textOf } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';

/** A user with a trusted browser, in which sign-ins need no second factor. */
interface Trusting extends WithApp {
  browser: AttackClient;
  /** The names of the cookies that were set with the trust. */
  cookies: string[];
}

async function trusting(scene: Scene): Promise<Trusting> {
  if (scene.wire.sessionHeader !== undefined)
    throw new NotApplicable('Only browsers with cookies are trusted');
  const owner = await scene.withApp();
  const browser = await scene.half(owner);
  const before = new Set(browser.cookies.keys());
  const code = await scene.freshCode(owner.app);
  scene.control('asking for trust', await browser.mfa('POST', '/authenticate', { code, trustDevice: true }));
  const cookies = [...browser.cookies.keys()].filter((name) => !before.has(name));
  if (cookies.length === 0) throw new NotApplicable('No browser is trusted here');
  scene.secrets.note(...browser.secrets);
  return { ...owner, browser, cookies };
}

/** A browser that has nothing but the trust cookies. */
function onlyTrust(scene: Scene, { browser, cookies }: Pick<Trusting, 'browser' | 'cookies'>): AttackClient {
  const copy = scene.browser();
  for (const name of cookies) copy.cookies.set(name, browser.cookies.get(name) ?? '');
  return copy;
}

/** The status of a sign-in of this user in this browser. */
async function statusOf(scene: Scene, client: AttackClient, user: object): Promise<string> {
  await scene.signIn(user, client);
  return textOf((await client.mfa('GET', '/session')).body['status']);
}

/** Requires that the trust works first. It is renewed by that, and the attack uses the renewed trust. */
async function controlTrust(scene: Scene, owner: Trusting): Promise<Trusting> {
  const browser = onlyTrust(scene, owner);
  const status = await statusOf(scene, browser, owner.user);
  if (status !== 'authenticated')
    throw new NotApplicable('A trusted browser is asked for the second factor here too');
  return { ...owner, browser };
}

async function mustBeAsked(scene: Scene, what: string, client: AttackClient, user: object): Promise<void> {
  const status = await statusOf(scene, client, user);
  scene.must(
    status === 'mfa_required',
    `${what}: the second factor is owed`,
    `${what}: no second factor was owed`,
  );
}

/** Browsers that must not be trusted. */
export const trust: AttackFamily = {
  name: 'Trusted browsers',
  attacks: [
    {
      id: 'trust-of-another-user',
      title: 'The trust of one user at the sign-in of another',
      priority: 'P0',
      gain: 'Who has an account, and so a trusted browser, needs no second factor of anybody.',
      mend: 'Bind the token to its user.',
      sources: ['CWE-639'],
      classes: [33],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const victim = await scene.withApp();
        await mustBeAsked(scene, 'another user’s trust', onlyTrust(scene, owner), victim.user);
      },
    },
    {
      id: 'trust-after-factor-change',
      title: 'Trust from before a change of factors',
      priority: 'P0',
      gain: 'A browser that a thief has made trusted stays so when the owner changes everything.',
      mend: 'Void all trust with any change of factors.',
      sources: ['CWE-613'],
      classes: [34],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const client = await scene.full(owner);
        scene.control('making new recovery codes', await client.mfa('POST', '/recovery-codes'));
        await mustBeAsked(scene, 'after new recovery codes', onlyTrust(scene, owner), owner.user);
        const other = await controlTrust(scene, await trusting(scene));
        const signedIn = await scene.full(other);
        // If there are no keys, only the change of recovery codes is tested.
        if ((await signedIn.mfa('POST', '/webauthn/options', {})).status === 404) return;
        await scene.addKey(signedIn);
        await mustBeAsked(scene, 'after a key was added', onlyTrust(scene, other), other.user);
      },
    },
    {
      id: 'trust-after-revocation',
      title: 'Trust that was revoked',
      priority: 'P0',
      gain: 'The owner can’t get rid of a browser that was trusted.',
      mend: 'Keep trust on the server, and ask there at each sign-in.',
      sources: ['CWE-613'],
      classes: [34],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const client = await scene.full(owner);
        scene.control('revoking all trust', await client.mfa('DELETE', '/trusted-devices'));
        await mustBeAsked(scene, 'after revoking', onlyTrust(scene, owner), owner.user);
      },
    },
    {
      id: 'trust-after-password-change',
      title: 'Trust from before a change of the password',
      priority: 'P0',
      gain: 'A thief’s browser stays trusted when the owner changes the password.',
      mend: 'Call `MfaService.passwordChanged()`.',
      sources: ['CWE-613'],
      classes: [34],
      needs: ['changePassword'],
      lookAt: 'Trust a browser, change the password, sign in from it: the second factor has to be asked for.',
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const client = await scene.full(owner);
        await scene.legitimately('changing the password', async () =>
          scene.target.changePassword?.(client, owner.user),
        );
        await mustBeAsked(scene, 'after changing the password', onlyTrust(scene, owner), owner.user);
      },
    },
    {
      id: 'copied-trust',
      title: 'A token of trust that its browser has used since',
      priority: 'P1',
      gain: 'A cookie that was copied once spares its thief the second factor for weeks.',
      mend: 'Exchange the token at each use, and take the former one for a sign that it was copied.',
      sources: ['RFC 9700, section 4.14.2', 'CWE-294'],
      classes: [36],
      async run(scene: Scene): Promise<void> {
        const owner = await trusting(scene);
        const copy = onlyTrust(scene, owner);
        await controlTrust(scene, owner);
        await mustBeAsked(scene, 'a token that was replaced', copy, owner.user);
      },
    },
    {
      id: 'parallel-trust',
      title: 'One token of trust at several sign-ins at once',
      priority: 'P1',
      gain: 'A copied cookie, used in the same moment as by its owner, spares its thief the second factor unnoticed.',
      mend: 'Exchange the token by one conditional statement whose count of changed rows decides.',
      sources: ['RFC 9700, section 4.14.2', 'CWE-367'],
      classes: [36],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const copies = Array.from({ length: 4 }, () => onlyTrust(scene, owner));
        const statuses = await Promise.all(copies.map((copy) => statusOf(scene, copy, owner.user)));
        const spared = statuses.filter((status) => status === 'authenticated').length;
        const found = `${spared} of 4 sign-ins at once owed no second factor`;
        // None, where the others were taken for a sign that the token was copied before the first one was answered.
        scene.must(spared <= 1, found, found);
      },
    },
    {
      id: 'trust-opens-step-up',
      title: 'A step-up route from a trusted browser',
      priority: 'P0',
      gain: 'What asks for a second factor each time does not, in a browser that is trusted.',
      mend: 'Let trust spare the question at sign-in only; it proves nothing.',
      sources: ['NIST SP 800-63B-4, section 3.2.1'],
      classes: [35],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        await scene.mustNotOpen('signed in by trust', owner.browser, scene.stepUpRoute);
        const codes = await owner.browser.mfa('POST', '/recovery-codes');
        scene.mustRefuse('making recovery codes, signed in by trust', codes);
        const code = await scene.freshCode(owner.app);
        scene.control('stepping up', await owner.browser.mfa('POST', '/authenticate', { code }));
        await scene.controlProtected(owner.browser, scene.stepUpRoute);
        scene.control('making recovery codes', await owner.browser.mfa('POST', '/recovery-codes'));
      },
    },
    {
      id: 'edited-trust',
      title: 'Edited tokens of trust',
      priority: 'P1',
      gain: 'Anybody makes their own browser trusted.',
      mend: 'Look the token up by its hash; where it is signed, accept one algorithm and compare in constant time.',
      sources: ['RFC 8725, section 3.1', 'CWE-565'],
      classes: [36],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const { id } = owner.user as { id?: unknown };
        const none = Buffer.from('{"alg":"none"}').toString('base64url');
        const claims = Buffer.from(JSON.stringify({ sub: id, exp: 4_102_444_800 })).toString('base64url');
        for (const name of owner.cookies) {
          const token = owner.browser.cookies.get(name) ?? '';
          const edited = [
            `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
            token.split('.')[0] ?? '',
          ];
          const made = [`${none}.${claims}.`, String(id), '1', 'true'];
          for (const text of [...edited, ...made].filter((one) => one !== token)) {
            const thief = scene.browser();
            thief.cookies.set(name, encodeURIComponent(text));
            await mustBeAsked(scene, 'an edited token', thief, owner.user);
          }
        }
      },
    },
    {
      id: 'trust-of-another-user-revoked',
      title: 'Revoking another user’s trust',
      priority: 'P2',
      gain: 'Anybody with an account is a nuisance to anybody.',
      mend: 'Look trust up by its id and its owner, in one condition.',
      sources: ['CWE-639'],
      classes: [21],
      async run(scene: Scene): Promise<void> {
        const owner = await controlTrust(scene, await trusting(scene));
        const client = await scene.full(owner);
        const [device] = itemsOf(await client.mfa('GET', '/trusted-devices'));
        const path = `/trusted-devices/${textOf(device?.['id'])}`;
        const thief = await scene.withApp();
        const answer = await thief.client.mfa('DELETE', path);
        scene.mustRefuse('revoking it', answer, [404]);
        await controlTrust(scene, owner);
        scene.control('revoking one’s own', await client.mfa('DELETE', path));
      },
    },
  ],
};
