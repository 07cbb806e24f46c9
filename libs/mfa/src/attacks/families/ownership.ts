import type { AttackFamily } from '../scene/attack.js';
import { Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { itemsOf, textOf } from '../target/attack-answer.js';

/** A user asks for what belongs to another user. */
export const ownership: AttackFamily = {
  name: 'Ownership',
  attacks: [
    {
      id: 'factor-of-another-user',
      title: 'Renaming and removing another user’s factor',
      priority: 'P0',
      gain: 'Anybody with an account takes away anybody’s second factor.',
      mend: 'Look a factor up by its id and its owner, in one condition.',
      sources: ['better-auth #8843', 'CWE-639'],
      classes: [21],
      async run(scene: Scene): Promise<void> {
        const [owner, thief] = [await scene.withApp(), await scene.withApp()];
        const path = `/authenticators/${owner.authenticatorId}`;
        const own = `/authenticators/${thief.authenticatorId}`;
        scene.control('renaming one’s own', await thief.client.mfa('PATCH', own, { name: 'Mine' }));
        const renamed = await thief.client.mfa('PATCH', path, { name: 'Theirs' });
        scene.mustRefuse('renaming it', renamed, [404]);
        scene.mustRefuse('removing it', await thief.client.mfa('DELETE', path), [404]);
        const left = itemsOf(await owner.client.mfa('GET', '/authenticators'));
        const found = left.find(({ id }) => id === owner.authenticatorId);
        scene.must(
          found !== undefined && found['name'] !== 'Theirs',
          'the owner’s factor is as it was',
          'the owner’s factor was changed or removed',
        );
      },
    },
    {
      id: 'list-of-another-user',
      title: 'The list of another user’s factors and sessions',
      priority: 'P1',
      gain: 'Anybody with an account sees who has which factor, and where they are signed in.',
      mend: 'Take the user of a list from the session, and from no parameter.',
      sources: ['CVE-2025-61928', 'CWE-639'],
      classes: [21],
      async run(scene: Scene): Promise<void> {
        const [owner, thief] = [await scene.withApp(), await scene.withApp()];
        const { id = '' } = owner.user as { id?: unknown };
        const own = itemsOf(await thief.client.mfa('GET', '/authenticators'));
        if (own.length === 0) throw new Unclear('One’s own list of factors is empty');
        for (const name of ['userId', 'user_id', 'user', 'id', 'owner']) {
          const path = `/authenticators?${name}=${encodeURIComponent(String(id))}`;
          const answer = await thief.client.mfa('GET', path);
          const isTheirs = answer.text.includes(owner.authenticatorId);
          scene.must(!isTheirs, `?${name}= shows one’s own`, `?${name}= shows another user’s factors`);
        }
      },
    },
    {
      id: 'session-of-another-user',
      title: 'Ending another user’s session',
      priority: 'P1',
      gain: 'Anybody with an account signs anybody out.',
      mend: 'Look a session up by its id and its owner, in one condition.',
      sources: ['CWE-639'],
      classes: [21],
      async run(scene: Scene): Promise<void> {
        const [owner, thief] = [await scene.withApp(), await scene.withApp()];
        const [session] = itemsOf(await owner.client.mfa('GET', '/sessions'));
        const id = textOf(session?.['id']);
        if (id === '') throw new Unclear('The list of sessions shows none with an id');
        const [ownSession] = itemsOf(await thief.client.mfa('GET', '/sessions'));
        if (!ownSession) throw new Unclear('One’s own list of sessions is empty');
        scene.mustRefuse('ending it', await thief.client.mfa('DELETE', `/sessions/${id}`), [404]);
        await scene.controlProtected(owner.client);
      },
    },
  ],
};
