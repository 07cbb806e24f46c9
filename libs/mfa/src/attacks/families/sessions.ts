import { randomBytes } from 'node:crypto';

import type { AttackFamily } from '../scene/attack.js';
import type { Scene } from '../scene/scene.js';
import { itemsOf, textOf } from '../target/attack-answer.js';

/** Sessions are made up, copied, and kept beyond their end. */
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
