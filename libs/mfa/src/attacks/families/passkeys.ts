import { FLAGS } from '../../core/virtual-authenticators/ceremony-answers.js';
import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';

/** Signing in with a passkey alone. */
export const passkeys: AttackFamily = {
  name: 'Passkeys alone',
  attacks: [
    {
      id: 'user-verification-left-out',
      title: 'Signing in with a passkey alone, without PIN or finger',
      priority: 'P0',
      gain: 'A found key is enough: two factors became one.',
      mend: 'Demand the flag for user verification where the passkey stands for both factors.',
      sources: ['WebAuthn Level 3, section 7.2, step 17'],
      classes: [27],
      async run(scene: Scene): Promise<void> {
        const { key } = await scene.withKey();
        scene.control('an honest sign-in', await scene.signInAlone(key));
        const answer = await scene.signInAlone(key, ({ flags }) => ({ flags: flags & ~FLAGS.userVerified }));
        scene.mustRefuse('no user verification', answer);
      },
    },
    {
      id: 'user-handle-exchanged',
      title: 'Signing in with a passkey under another user’s handle, or none',
      priority: 'P0',
      gain: 'Whoever has a passkey gets into any account.',
      mend: 'Look the credential up, and compare its owner with the user handle.',
      sources: ['WebAuthn Level 3, section 7.2, step 6'],
      classes: [26],
      async run(scene: Scene): Promise<void> {
        const [{ key }, other] = [await scene.withKey(), await scene.withKey()];
        scene.control('an honest sign-in', await scene.signInAlone(key));
        const handles = { 'another user’s handle': other.key.userHandle, 'no handle': null };
        for (const [what, userHandle] of Object.entries(handles))
          scene.mustRefuse(what, await scene.signInAlone(key, () => ({ userHandle })));
      },
    },
    {
      id: 'passkey-options-tell-accounts',
      title: 'Options for a passkey sign-in that name credentials',
      priority: 'P1',
      gain: 'A stranger learns which address has an account, and which keys it has.',
      mend: 'Answer without `allowCredentials`, whoever is named in the request.',
      sources: ['WebAuthn Level 3, section 14.6.2'],
      classes: [38],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const stranger = scene.browser();
        await scene.passkeyOptions(stranger);
        const shapeOf = async (body: object) => {
          const answer = await stranger.mfa('POST', '/passkey/options', body);
          if (answer.status === 429) throw new NotApplicable('Anonymous options are limited');
          const allowed = (answer.body['allowCredentials'] ?? []) as unknown[];
          return `${answer.status} ${Object.keys(answer.body).sort().join(' ')} ${allowed.length}`;
        };
        const known = await shapeOf({ ...owner.user, username: (owner.user as { email?: unknown }).email });
        const unknown = await shapeOf({ email: 'nobody@example.org', username: 'nobody@example.org' });
        scene.must(
          known === unknown && known.endsWith(' 0'),
          'known and unknown addresses are answered alike',
          'known and unknown addresses are answered differently, or credentials are named',
        );
      },
    },
  ],
};
