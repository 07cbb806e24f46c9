import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { itemsOf } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';
import type { AttackUser } from '../target/attack-target.js';
import { atOnce, mustBeOne } from './counting.js';

/** What may happen only once is requested many times at once, from both instances if there are two. */
export const races: AttackFamily = {
  name: 'Races',
  attacks: [
    {
      id: 'parallel-totp-code',
      title: 'One code of an authenticator app for several sign-ins at once',
      priority: 'P0',
      gain: 'Whoever relays a code signs in in the same moment as its owner.',
      mend: 'Claim the time step by one conditional statement whose count of changed rows decides.',
      sources: ['CWE-362', 'CWE-367'],
      classes: [2],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const halves: AttackClient[] = [];
        for (let nth = 0; nth < 4; nth += 1) halves.push(await scene.half(owner));
        const code = await scene.freshCode(owner.app);
        const answers = await Promise.all(
          halves.map((half, nth) =>
            half.mfa('POST', '/authenticate', { code }, { isToSecond: nth % 2 === 1 }),
          ),
        );
        mustBeOne(scene, 'one code for four sign-ins at once', answers);
      },
    },
    {
      id: 'parallel-recovery-code',
      title: 'One recovery code many times at once',
      priority: 'P0',
      gain: 'One recovery code makes several sessions.',
      mend: 'Mark the recovery code by one conditional statement whose count of changed rows decides.',
      sources: ['Keycloak #26106', 'CWE-367'],
      classes: [5],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [code] = owner.recoveryCodes;
        if (code === undefined) throw new NotApplicable('There are no recovery codes here');
        const halves: AttackClient[] = [];
        for (let nth = 0; nth < 4; nth += 1) halves.push(await scene.half(owner));
        const answers = await atOnce(scene.limits.parallel, (nth) =>
          (halves[nth % 4] ?? scene.browser()).mfa(
            'POST',
            '/authenticate',
            { code },
            { isToSecond: nth % 2 === 1 },
          ),
        );
        mustBeOne(scene, `one recovery code, ${answers.length} times at once`, answers);
      },
    },
    {
      id: 'parallel-activation',
      title: 'One set-up finished several times at once',
      priority: 'P1',
      gain: 'An account gets factors or sets of recovery codes that its owner does not know of.',
      mend: 'Claim the set-up in the commit that adds the factor.',
      sources: ['CWE-367'],
      classes: [47],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.newcomer();
        const app = await scene.beginApp(client);
        const code = await scene.freshCode(app);
        const copies = Array.from({ length: 4 }, () => client.copy());
        const answers = await Promise.all(
          copies.map((copy, nth) =>
            copy.mfa('POST', '/totp/activate', { code }, { isToSecond: nth % 2 === 1 }),
          ),
        );
        mustBeOne(scene, 'one set-up finished four times at once', answers);
      },
    },
    {
      id: 'race-with-first-factor',
      title: 'A second session that sets up a factor while the owner does',
      priority: 'P0',
      gain: 'A thief with the password has a factor of their own beside the owner’s first one.',
      mend: 'Judge again in the commit what the request was allowed because of: the user had no factor, and the session lives.',
      sources: ['CVE-2023-31140'],
      classes: [47],
      async run(scene: Scene): Promise<void> {
        const { user, client: owner } = await scene.newcomer();
        const thief = await scene.signIn(user);
        const [ownApp, theirApp] = [await scene.beginApp(owner), await scene.beginApp(thief)];
        const [ownCode, theirCode] = [await scene.freshCode(ownApp), await scene.freshCode(theirApp)];
        const answers = await Promise.all([
          owner.mfa('POST', '/totp/activate', { code: ownCode }),
          thief.mfa('POST', '/totp/activate', { code: theirCode }, { isToSecond: true }),
        ]);
        mustBeOne(scene, 'two sessions that finish a set-up each at once', answers);
        const winner = answers[0].status < 300 ? owner : thief;
        const apps = itemsOf(await winner.mfa('GET', '/authenticators?type=totp'));
        scene.must(apps.length === 1, 'one app is there', `${apps.length} apps are there`);
      },
    },
    {
      id: 'parallel-spent-proof',
      title: 'One proof for several requests that spend it',
      priority: 'P1',
      gain: 'One proof that was relayed makes two transfers.',
      mend: 'Give the route `once: true`, after every guard that may refuse.',
      sources: ['CWE-367', 'Delegated Regulation (EU) 2018/389, Article 4(1)'],
      classes: [2, 25],
      needs: ['spendProof'],
      lookAt:
        'Where an action takes a proof of its own, prove a factor once and send the action twice at the same moment: one has to be refused.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const client = await scene.full(owner);
        const spend = (one: AttackClient) => scene.target.spendProof?.(one) ?? one.get('/');
        const copies = Array.from({ length: 4 }, () => client.copy());
        mustBeOne(scene, 'one proof for four requests at once', await Promise.all(copies.map(spend)));
        scene.mustRefuse('the same proof afterwards', await spend(client));
        const code = await scene.freshCode(owner.app);
        scene.control('stepping up', await client.mfa('POST', '/authenticate', { code }));
        scene.control('a proof of its own', await spend(client));
        scene.mustRefuse('that proof again', await spend(client));
      },
    },
    {
      id: 'race-for-last-factor',
      title: 'The last two factors of somebody who must have one, removed at once',
      priority: 'P1',
      gain: 'An account of staff has no second factor any more, and its password is enough.',
      mend: 'Judge in the commit that removes a factor that another one is left.',
      sources: ['CWE-367', 'CWE-362'],
      classes: [19],
      needs: ['registerRequired'],
      lookAt:
        'As somebody who must have a second factor and has two, remove both at the same moment: one has to stay.',
      async run(scene: Scene): Promise<void> {
        const client = scene.browser();
        const user = await scene.legitimately('registering', async () =>
          scene.target.registerRequired?.(scene.browser()),
        );
        await scene.signIn(user as AttackUser, client);
        const app = await scene.addApp(client);
        const key = await scene.addKey(client);
        const removals = [app, key].map(({ authenticatorId }, nth) =>
          client
            .copy()
            .mfa('DELETE', `/authenticators/${authenticatorId}`, undefined, { isToSecond: nth === 1 }),
        );
        mustBeOne(scene, 'both factors removed at once', await Promise.all(removals));
        const again = await scene.signIn(user as AttackUser);
        const { body } = await again.mfa('GET', '/session');
        const isOwed = body['status'] === 'mfa_required';
        scene.must(
          isOwed,
          'a sign-in owes the factor that is left',
          'a sign-in owes no second factor any more',
        );
      },
    },
  ],
};
