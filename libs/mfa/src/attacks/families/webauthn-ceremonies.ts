import type { AttackFamily } from '../scene/attack.js';
import type { ProofLie } from '../scene/hostile-key.js';
import type { Scene, WithKey } from '../scene/scene.js';
import type { AttackClient } from '../target/attack-client.js';
import { atOnce, mustBeOne } from './counting.js';

/** Longer than the recommended timeout of any ceremony, and shorter than the lifetime of a sign-in. */
const CEREMONY_SECONDS = 720;

/** Like most passkeys. An increasing counter would reveal a replay, and has an attack of its own. */
const countsNothing: ProofLie = () => ({ signCount: 0 });

/** Requires that an honest proof is accepted in the same place; otherwise the refusals mean nothing. */
async function controlKey(scene: Scene, half: AttackClient, key: WithKey['key']): Promise<void> {
  scene.control('an honest proof', await scene.proveKey(half, key));
}

/** Swapping, copying and relaying the challenges and responses of security keys. */
export const ceremonies: AttackFamily = {
  name: 'Security keys: ceremonies',
  attacks: [
    {
      id: 'replayed-assertion',
      title: 'A proof by key that was accepted already',
      priority: 'P0',
      gain: 'Whoever records one sign-in repeats it.',
      mend: 'Use a challenge once: claim it in the commit that accepts its answer.',
      sources: ['WebAuthn Level 3, section 13.4.3'],
      classes: [25],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const other = half.copy();
        const options = await scene.proofOptions(half);
        const credential = owner.key.getWith(options.body, countsNothing);
        scene.control('a proof by key', await half.mfa('POST', '/authenticate/webauthn', { credential }));
        for (const thief of [other, await scene.half(owner)])
          scene.mustRefuse(
            'the same proof',
            await thief.mfa('POST', '/authenticate/webauthn', { credential }),
          );
        await controlKey(scene, await scene.half(owner), owner.key);
      },
    },
    {
      id: 'parallel-assertion',
      title: 'One proof by key several times at once',
      priority: 'P0',
      gain: 'One proof makes several sessions.',
      mend: 'Claim the challenge by one conditional statement whose count of changed rows decides.',
      sources: ['CWE-367'],
      classes: [25],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const options = await scene.proofOptions(half);
        const credential = owner.key.getWith(options.body, countsNothing);
        const answers = await atOnce(4, (nth) =>
          half.copy().mfa('POST', '/authenticate/webauthn', { credential }, { isToSecond: nth % 2 === 1 }),
        );
        mustBeOne(scene, 'one proof four times at once', answers);
      },
    },
    {
      id: 'expired-ceremony',
      title: 'The challenge of a key after twelve minutes',
      priority: 'P1',
      gain: 'A proof that was phished is good as long as anybody likes.',
      mend: 'Let a challenge end after five to ten minutes.',
      sources: ['WebAuthn Level 3, section 15.1'],
      classes: [25],
      needs: ['clock'],
      lookAt: 'Ask for a proof by key, wait for twelve minutes, then answer: it has to be refused.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const options = await scene.proofOptions(half);
        await scene.pass(CEREMONY_SECONDS);
        const credential = owner.key.getWith(options.body);
        scene.mustRefuse('a late answer', await half.mfa('POST', '/authenticate/webauthn', { credential }));
        await controlKey(scene, half, owner.key);
      },
    },
    {
      id: 'registration-challenge-at-sign-in',
      title: 'The challenge of a registration, answered at sign-in',
      priority: 'P0',
      gain: 'A challenge that was meant for something harmless signs somebody in.',
      mend: 'Bind each challenge to its ceremony.',
      sources: ['better-auth #9993', 'WebAuthn Level 3, section 7.2, step 11'],
      classes: [24],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const { body: registration } = await scene.keyOptions(owner.client);
        const half = await scene.half(owner);
        const challenge = String(registration['challenge']);
        const answer = await scene.proveKey(half, owner.key, ({ clientData }) => ({
          clientData: { ...clientData, challenge },
        }));
        scene.mustRefuse('the challenge of a registration', answer);
        await controlKey(scene, half, owner.key);
      },
    },
    {
      id: 'sign-in-challenge-at-registration',
      title: 'The challenge of a sign-in, answered with a registration',
      priority: 'P0',
      gain: 'A sign-in registers a key that nobody was asked about.',
      mend: 'Bind each challenge to its ceremony.',
      sources: ['Supabase', 'WebAuthn Level 3, section 7.1, step 8'],
      classes: [24],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const { body: proof } = await scene.proofOptions(owner.client);
        const { body: options } = await scene.keyOptions(owner.client);
        const key = scene.key();
        const credential = key.createWith(options, ({ clientData }) => ({
          clientData: { ...clientData, challenge: proof['challenge'] },
        }));
        const answer = await owner.client.mfa('POST', '/webauthn', { credential });
        scene.mustRefuse('the challenge of a sign-in', answer);
        await scene.addKey(owner.client);
      },
    },
    {
      id: 'challenge-of-another-user',
      title: 'The challenge of another user’s sign-in',
      priority: 'P0',
      gain: 'A phished proof is good in a sign-in of the attacker’s.',
      mend: 'Bind each challenge to the user and the session that asked for it.',
      sources: ['WebAuthn Level 3, section 13.4.3', 'CWE-345'],
      classes: [24],
      async run(scene: Scene): Promise<void> {
        const [owner, other] = [await scene.withKey(), await scene.withKey()];
        const { body: theirs } = await scene.proofOptions(await scene.half(other));
        const half = await scene.half(owner);
        const challenge = String(theirs['challenge']);
        const answer = await scene.proveKey(half, owner.key, ({ clientData }) => ({
          clientData: { ...clientData, challenge },
        }));
        scene.mustRefuse('the challenge of another user', answer);
        await controlKey(scene, half, owner.key);
      },
    },
    {
      id: 'made-up-challenge',
      title: 'A challenge that the server never gave',
      priority: 'P0',
      gain: 'Proofs can be made in advance, and of any page’s challenges.',
      mend: 'Compare with a challenge of your own, or check its signature.',
      sources: ['WebAuthn Level 3, section 7.2, step 11'],
      classes: [25],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const answer = await scene.proveKey(half, owner.key, ({ clientData }) => ({
          clientData: { ...clientData, challenge: Buffer.alloc(32, 7).toString('base64url') },
        }));
        scene.mustRefuse('a challenge of one’s own', answer);
        await controlKey(scene, await scene.half(owner), owner.key);
      },
    },
    {
      id: 'key-of-another-user',
      title: 'The key of another user at the second step',
      priority: 'P0',
      gain: 'Anybody’s key opens every account.',
      mend: 'Look the credential up among those of the user of this sign-in.',
      sources: ['WebAuthn Level 3, section 7.2, step 6'],
      classes: [26],
      async run(scene: Scene): Promise<void> {
        const [owner, other] = [await scene.withKey(), await scene.withKey()];
        const half = await scene.half(owner);
        scene.mustRefuse('another user’s key', await scene.proveKey(half, other.key));
        await controlKey(scene, half, owner.key);
      },
    },
    {
      id: 'endless-assertions',
      title: 'Many failing proofs by key in one sign-in',
      priority: 'P2',
      gain: 'Whoever has the password keeps the server busy, and tries faults of its checks at leisure.',
      mend: 'Limit failed proofs by key of a half-finished sign-in.',
      sources: ['CWE-307'],
      classes: [6],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const forged = scene.key({ credentialId: owner.key.credentialId });
        let refused = 0;
        for (; refused < 40; refused += 1) {
          const options = await half.mfa('POST', '/authenticate/webauthn/options', {});
          const credential = forged.getWith(options.body);
          const { status, asked } = await half.mfa('POST', '/authenticate/webauthn', { credential });
          if (status >= 200 && status < 300) scene.fall(`${asked} answered ${status} to a forged signature`);
          if (options.status === 429 || status === 429 || status === 401) break;
        }
        const found = `${refused} failing proofs were judged before the sign-in was stopped`;
        scene.must(refused > 0 && refused < 40, found, `${refused} failing proofs in a row, and no end`);
      },
    },
  ],
};
