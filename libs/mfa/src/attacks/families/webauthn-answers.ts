import { FLAGS } from '../../core/virtual-authenticators/ceremony-answers.js';
import type { AttackFamily } from '../scene/attack.js';
import type { ProofLie } from '../scene/hostile-key.js';
import type { Scene } from '../scene/scene.js';

/** How many failed proofs of one user are judged before the attempt limit is reached. */
const LIES_PER_USER = 4;

/** Requires that an honest proof is accepted, and then that each lie is refused, in a sign-in of its own. */
async function mustSeeThrough(scene: Scene, lies: Record<string, ProofLie>, headers = {}): Promise<void> {
  const named = Object.entries(lies);
  for (let first = 0; first < named.length; first += LIES_PER_USER) {
    const owner = await scene.withKey();
    scene.control('an honest proof', await scene.proveKey(await scene.half(owner), owner.key));
    for (const [what, lie] of named.slice(first, first + LIES_PER_USER)) {
      scene.mustRefuse(what, await scene.proveKey(await scene.half(owner), owner.key, lie, headers));
    }
  }
}

const inClientData =
  (lie: Record<string, unknown>): ProofLie =>
  ({ clientData }) => ({ clientData: { ...clientData, ...lie } });

/** Lying keys, and lying browsers around them. */
export const answers: AttackFamily = {
  name: 'Security keys: what they say',
  attacks: [
    {
      id: 'foreign-origin',
      title: 'Proofs that were made on another origin’s page',
      priority: 'P0',
      gain: 'A phishing page relays a security key.',
      mend: 'Compare the origin with a list, exactly; refuse what a frame of another site made.',
      sources: ['WebAuthn Level 3, section 13.4.9'],
      classes: [29],
      async run(scene: Scene): Promise<void> {
        const { origin } = scene.wire;
        const { hostname, protocol, port } = new URL(origin);
        const foreign = [
          `${protocol}//${hostname}.evil.example`,
          `${protocol}//evil.${hostname}`,
          `${protocol}//${hostname}:${Number(port || 443) + 1}`,
          `${protocol === 'https:' ? 'http:' : 'https:'}//${hostname}${port ? `:${port}` : ''}`,
          `${origin}.evil.example`,
          `${origin}@evil.example`,
          'null',
          '',
        ];
        await mustSeeThrough(scene, {
          ...Object.fromEntries(
            foreign.map((one, nth) => [`another origin, number ${nth + 1}`, inClientData({ origin: one })]),
          ),
          'a frame of another site': inClientData({ crossOrigin: true, topOrigin: 'https://evil.example' }),
        });
      },
    },
    {
      id: 'origin-from-header',
      title: 'A foreign origin that the request’s headers vouch for',
      priority: 'P0',
      gain: 'A phishing page relays a security key, and says by a header that it is the application.',
      mend: 'Take relying party and origins from the options, never from `Host`, `Origin` or `X-Forwarded-Host`.',
      sources: ['CWE-346', 'CWE-644'],
      classes: [28],
      async run(scene: Scene): Promise<void> {
        const lie = { 'an origin that the headers name': inClientData({ origin: 'https://evil.example' }) };
        const headers = {
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'https',
          forwarded: 'host=evil.example;proto=https',
          'x-original-host': 'evil.example',
          referer: 'https://evil.example/',
        };
        await mustSeeThrough(scene, lie, headers);
        // The cross-origin check on the request may have refused that; make sure that the check of the proof does too.
        await mustSeeThrough(scene, lie, { ...headers, origin: 'https://evil.example' });
      },
    },
    {
      id: 'foreign-relying-party',
      title: 'Proofs for another relying party',
      priority: 'P0',
      gain: 'What somebody signs for another site is good here.',
      mend: 'Compare the hash of the relying party’s id.',
      sources: ['WebAuthn Level 3, section 7.2, step 15'],
      classes: [29],
      run: (scene: Scene): Promise<void> =>
        mustSeeThrough(scene, { 'another relying party': () => ({ rpId: 'evil.example' }) }),
    },
    {
      id: 'signature-of-another-key',
      title: 'The signature of a key that nobody registered',
      priority: 'P0',
      gain: 'An id that anybody may see is enough.',
      mend: 'Verify the signature with the stored public key.',
      sources: ['WebAuthn Level 3, section 7.2, step 21'],
      classes: [25],
      async run(scene: Scene): Promise<void> {
        const forger = scene.key();
        const { privateKey } = forger['keyPair'];
        await mustSeeThrough(scene, { 'a forged signature': () => ({ privateKey }) });
      },
    },
    {
      id: 'wrong-ceremony-type',
      title: 'A proof that says it is a registration',
      priority: 'P1',
      gain: 'What was signed for something else is taken for a sign-in.',
      mend: 'Compare `type` in the client data.',
      sources: ['WebAuthn Level 3, section 7.2, step 10'],
      classes: [24],
      run: (scene: Scene): Promise<void> =>
        mustSeeThrough(scene, { 'another type': inClientData({ type: 'webauthn.create' }) }),
    },
    {
      id: 'user-not-present',
      title: 'Proofs without a touch',
      priority: 'P1',
      gain: 'A program on the computer uses the key while nobody is there.',
      mend: 'Demand the flag for user presence.',
      sources: ['WebAuthn Level 3, section 7.2, step 16'],
      classes: [27],
      run: (scene: Scene): Promise<void> =>
        mustSeeThrough(scene, { 'no touch': ({ flags }) => ({ flags: flags & ~FLAGS.userPresent }) }),
    },
    {
      id: 'cloned-key',
      title: 'A key whose counter went back',
      priority: 'P1',
      gain: 'A copy of a key works beside the key, and nobody notices.',
      mend: 'Refuse a counter that does not grow, and tell the owner (`webauthn.signCount`).',
      sources: ['WebAuthn Level 3, section 6.1.1'],
      classes: [],
      run: (scene: Scene): Promise<void> =>
        mustSeeThrough(scene, { 'a counter that went back': () => ({ signCount: 1 }) }),
    },
    {
      id: 'backup-eligibility-changed',
      title: 'A key that can be synced now, and could not when it was registered',
      priority: 'P1',
      gain: 'Another key passes for the one that stays on its device.',
      mend: 'Compare the flag with what was stored at registration.',
      sources: ['WebAuthn Level 3, section 7.2, step 19'],
      classes: [30],
      run: (scene: Scene): Promise<void> =>
        mustSeeThrough(scene, {
          'another backup eligibility': ({ flags }) => ({ flags: flags | FLAGS.backupEligible }),
        }),
    },
  ],
};
