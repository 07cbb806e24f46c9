import { randomBytes } from 'node:crypto';

import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { itemsOf, textOf } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';

/** The longest that an attack waits for the end of a session if there is no movable clock. */
const LONGEST_LIFE_SECONDS = 600;
/** It takes up to two minutes until an instance knows that a session was used on another one. */
const LATE_SECONDS = 150;

/** Without a movable clock, sessions have to be short to end during an attack. */
function assertEnds({ target, settings }: Scene, name: 'sessionSeconds' | 'idleSeconds'): void {
  if (settings[name] === 0) throw new NotApplicable(`No \`settings.${name}\` says when a session ends`);
  if (!target.clock && settings[name] > LONGEST_LIFE_SECONDS)
    throw new NotApplicable(
      `Nobody waits for ${settings[name]} seconds: start the target with a clock that moves, or with sessions of ${LONGEST_LIFE_SECONDS} seconds at most, and say so in \`settings.${name}\``,
    );
}

async function mustBeOver(scene: Scene, client: AttackClient): Promise<void> {
  scene.mustRefuse('the session after its end', await client.mfa('GET', '/session'));
  scene.mustRefuse('the account after its end', await client.mfa('GET', '/status'));
  await scene.mustNotOpen('the protected route after its end', client);
}

/** Forging sessions, copying them, and using them after their end. */
export const sessions: AttackFamily = {
  name: 'Sessions',
  attacks: [
    {
      id: 'made-up-session',
      title: 'Session tokens that nobody was given',
      priority: 'P0',
      gain: 'A session can be made up.',
      mend: 'Look tokens up, by a hash of 256 random bits.',
      sources: ['OWASP ASVS 5.0.0, 7.2.3'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.controlProtected(owner.client);
        const texts = [
          '',
          'null',
          'undefined',
          '0',
          randomBytes(32).toString('base64url'),
          '{"sub":"admin"}',
        ];
        for (const text of texts) {
          const thief = owner.client.copy();
          for (const name of thief.cookies.keys()) thief.cookies.set(name, encodeURIComponent(text));
          for (const name of Object.keys(thief.headers)) thief.headers[name] = `Bearer ${text}`;
          if (thief.token !== undefined) thief.token = text;
          await scene.mustNotOpen('a made-up token', thief);
        }
      },
    },
    {
      id: 'session-fixation',
      title: 'A copy of the half-finished sign-in, after its owner has finished it',
      priority: 'P0',
      gain: 'Who has planted or read the cookie of a half-finished sign-in is signed in with its owner.',
      mend: 'Change the session’s token whenever it gains a factor.',
      sources: ['OWASP ASVS 5.0.0, 7.2.4', 'CWE-384'],
      classes: [39],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const thief = half.copy();
        const code = await scene.freshCode(owner.app);
        scene.control('finishing it', await half.mfa('POST', '/authenticate', { code }));
        await scene.controlProtected(half);
        await scene.mustNotOpen('the copy', thief);
      },
    },
    {
      id: 'token-from-before-step-up',
      title: 'A copy of a session, after its owner has proven a factor again',
      priority: 'P1',
      gain: 'A copied session becomes as strong as its owner’s each time that the owner confirms.',
      mend: 'Change the session’s token with each proof, and let the former one die.',
      sources: ['OWASP ASVS 5.0.0, 7.2.4', 'CWE-384'],
      classes: [12],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const thief = owner.client.copy();
        await scene.controlProtected(thief);
        const code = await scene.freshCode(owner.app);
        scene.control('confirming', await owner.client.mfa('POST', '/authenticate', { code }));
        await scene.controlProtected(owner.client);
        await scene.mustNotOpen('the copy from before', thief);
      },
    },
    {
      id: 'sign-in-across-password-change',
      title: 'A sign-in that began before the password was changed',
      priority: 'P1',
      gain: 'A thief who was half in stays half in when the owner changes the password.',
      mend: 'Call `MfaService.passwordChanged()`, which ends sign-ins that are under way.',
      sources: ['govengers/auth 1.1.1'],
      classes: [55],
      needs: ['changePassword'],
      lookAt:
        'Begin a sign-in, change the password in another browser, then finish the sign-in: it has to be refused.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const thief = await scene.half(owner);
        await scene.legitimately('changing the password', async () =>
          scene.target.changePassword?.(owner.client, owner.user),
        );
        const code = await scene.freshCode(owner.app);
        scene.mustRefuse(
          'finishing the sign-in of before',
          await thief.mfa('POST', '/authenticate', { code }),
        );
        await scene.full(owner);
      },
    },
    {
      id: 'sign-in-of-removed-user',
      title: 'A sign-in whose user is removed before it is finished',
      priority: 'P1',
      gain: 'Somebody who was dismissed a minute ago is let in.',
      mend: 'Look the user up again when the sign-in is finished, and refuse who is gone (`findUser()`).',
      sources: ['OWASP ASVS 5.0.0, 7.4.2'],
      classes: [56],
      needs: ['removeUser'],
      lookAt:
        'Begin a sign-in, remove or disable the user, then finish the sign-in: it has to be refused. Then give the id to somebody else: no cookie, trusted browser or code of before may work.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.full(owner);
        const half = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        await scene.legitimately('removing the user', async () => scene.target.removeUser?.(owner.user));
        scene.mustRefuse('finishing the sign-in', await half.mfa('POST', '/authenticate', { code }));
        await scene.mustNotOpen('the session of before', owner.client);
      },
    },
    {
      id: 'signed-out-session',
      title: 'A session after its owner has signed out',
      priority: 'P1',
      gain: 'A copied cookie or token outlives the sign-out.',
      mend: 'End the session on the server; forgetting the cookie is not enough.',
      sources: ['OWASP ASVS 5.0.0, 7.4.1', 'OWASP WSTG-SESS-06'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.withApp();
        await scene.controlProtected(client);
        const copy = client.copy();
        const { target } = scene;
        if (target.signOut) await scene.legitimately('signing out', async () => target.signOut?.(client));
        else scene.control('signing out', await client.mfa('DELETE', '/session'));
        await scene.mustNotOpen('a copy of the session after signing out', copy);
      },
    },
    {
      id: 'endless-session',
      title: 'A copy of a session that is used until its time is over, and beyond',
      priority: 'P1',
      gain: 'A copied cookie or token is good for ever, as long as it is used.',
      mend: 'End each session so long after it began, whatever it is used for (`session.ttlSeconds`).',
      sources: ['OWASP ASVS 5.0.0, 7.3.2', 'NIST SP 800-63B-4, section 2.2.3'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        assertEnds(scene, 'sessionSeconds');
        const { sessionSeconds, idleSeconds } = scene.settings;
        const owner = await scene.withApp();
        const thief = owner.client.copy();
        // Use it often enough that it doesn't end for lack of use.
        const step = Math.min(sessionSeconds, idleSeconds || sessionSeconds) / 2;
        for (let passed = step; passed <= sessionSeconds + step; passed += step) {
          await scene.pass(step, step);
          const answer = await thief.mfa('GET', '/session');
          if (passed < 0.9 * sessionSeconds) scene.control('using it until then', answer);
        }
        await mustBeOver(scene, thief);
        await scene.controlProtected(await scene.full(owner));
      },
    },
    {
      id: 'unused-session',
      title: 'A copy of a session that nobody has used for long',
      priority: 'P1',
      gain: 'Who finds a computer, or an old copy of a cookie, is signed in.',
      mend: 'End what nobody uses (`session.idleTtlSeconds`).',
      sources: ['OWASP ASVS 5.0.0, 7.3.1', 'NIST SP 800-63B-4, section 2.2.3'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        assertEnds(scene, 'idleSeconds');
        const { idleSeconds } = scene.settings;
        const owner = await scene.withApp();
        const thief = owner.client.copy();
        await scene.pass(idleSeconds / 2, idleSeconds);
        scene.control('using it in between', await thief.mfa('GET', '/session'));
        await scene.pass(idleSeconds + LATE_SECONDS, idleSeconds + LATE_SECONDS);
        await mustBeOver(scene, thief);
        await scene.controlProtected(await scene.full(owner));
      },
    },
    {
      id: 'identifier-as-token',
      title: 'Public ids in the place of session tokens',
      priority: 'P1',
      gain: 'What a list shows opens a session.',
      mend: 'Let the id of a row be no token; keep a hash of the token only.',
      sources: ['OWASP ASVS 5.0.0, 7.2.2'],
      classes: [37],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [session] = itemsOf(await owner.client.mfa('GET', '/sessions'));
        const ids = [textOf(session?.['id']), textOf((owner.user as { id?: unknown }).id)];
        for (const id of ids.filter((one) => one !== '')) {
          const thief = owner.client.copy();
          for (const name of thief.cookies.keys()) thief.cookies.set(name, id);
          for (const name of Object.keys(thief.headers)) thief.headers[name] = `Bearer ${id}`;
          if (thief.token !== undefined) thief.token = id;
          await scene.mustNotOpen('an id as token', thief);
        }
      },
    },
  ],
};
