import { FLAGS } from '../../core/virtual-authenticators/ceremony-answers.js';
import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { HostileKey } from '../scene/hostile-key.js';
import type { Scene } from '../scene/scene.js';
import type { AttackAnswer } from '../target/attack-answer.js';

type Lie = NonNullable<Parameters<HostileKey['getWith']>[1]>;

/** So many failed proofs of one user are judged before the budget of attempts is spent. */
const LIES_PER_USER = 4;

/** An honest proof is accepted; then, in a sign-in each, every lie has to be refused. */
async function mustSeeThrough(scene: Scene, lies: Record<string, Lie>, headers = {}): Promise<void> {
  const named = Object.entries(lies);
  for (let first = 0; first < named.length; first += LIES_PER_USER) {
    const owner = await scene.withKey();
    const prove = async (lie?: Lie): Promise<AttackAnswer> => {
      const half = await scene.half(owner);
      const options = await scene.proofOptions(half);
      const credential = owner.key.getWith(options.body, lie);
      return half.mfa('POST', '/authenticate/webauthn', { credential }, { headers: lie ? headers : {} });
    };
    scene.control('an honest proof', await prove());
    for (const [what, lie] of named.slice(first, first + LIES_PER_USER)) {
      scene.mustRefuse(what, await prove(lie));
    }
  }
}

const inClientData =
  (lie: Record<string, unknown>): Lie =>
  ({ clientData }) => ({ clientData: { ...clientData, ...lie } });

/** A passkey that can sign in alone, and does so with a lie. */
async function signInAlone(scene: Scene, key: HostileKey, lie?: Lie): Promise<AttackAnswer> {
  const client = scene.browser();
  const options = await scene.passkeyOptions(client);
  return client.mfa('POST', '/passkey', { credential: key.getWith(options.body, lie) });
}

/** Keys, and the browsers around them, lie. */
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
        // The browser's own check of the origin may have refused that; without it the key's has to.
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
        scene.control('an honest sign-in', await signInAlone(scene, key));
        const answer = await signInAlone(scene, key, ({ flags }) => ({ flags: flags & ~FLAGS.userVerified }));
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
        scene.control('an honest sign-in', await signInAlone(scene, key));
        const handles = { 'another user’s handle': other.key.userHandle, 'no handle': null };
        for (const [what, userHandle] of Object.entries(handles))
          scene.mustRefuse(what, await signInAlone(scene, key, () => ({ userHandle })));
      },
    },
    {
      id: 'credential-registered-twice',
      title: 'Registering a credential id that belongs to somebody else',
      priority: 'P1',
      gain: 'The owner’s key is overwritten, or opens the thief’s account, where the owner then leaves secrets.',
      mend: 'Keep credential ids unique over all users.',
      sources: ['WebAuthn Level 3, section 7.1, step 26'],
      classes: [31],
      async run(scene: Scene): Promise<void> {
        const [owner, thief] = [await scene.withKey(), await scene.withKey()];
        const { body: options } = await scene.keyOptions(thief.client);
        const copy = scene.key({ credentialId: owner.key.credentialId });
        const credential = copy.createWith(options, () => ({}));
        const answer = await thief.client.mfa('POST', '/webauthn', { credential });
        scene.mustRefuse('another user’s credential id', answer);
        const half = await scene.half(owner);
        const { body: proof } = await scene.proofOptions(half);
        const honest = { credential: owner.key.getWith(proof) };
        scene.control('the owner’s key', await half.mfa('POST', '/authenticate/webauthn', honest));
      },
    },
    {
      id: 'unlisted-algorithm',
      title: 'A key of an algorithm that was not asked for',
      priority: 'P1',
      gain: 'Keys are weaker than the policy says.',
      mend: 'Compare the algorithm of the new key with the list on the server.',
      sources: ['CVE-2026-8830', 'WebAuthn Level 3, section 7.1, step 20'],
      classes: [30],
      async run(scene: Scene): Promise<void> {
        const { client } = await scene.newcomer();
        const { body: options } = await scene.keyOptions(client);
        // RS1: RSA with SHA-1, on the list of nobody.
        const credential = scene
          .key()
          .createWith(options, ({ cose }) => ({ cose: new Map([...cose, [3, -65535]]) }));
        scene.mustRefuse('RSA with SHA-1', await client.mfa('POST', '/webauthn', { credential }));
        await scene.addKey(client);
      },
    },
    {
      id: 'claimed-model',
      title: 'A key that claims to be of an allowed model',
      priority: 'P1',
      gain: 'Software passes for the security key that the policy demands.',
      mend: 'Accept a model only with a chain of certificates to a root that you have configured.',
      sources: ['vouch #1129', 'WebAuthn Level 3, section 7.1, step 23'],
      classes: [30, 52],
      lookAt:
        'With `webauthn.attestation: "direct"` or `allowedAaguids`: register a passkey of software, such as the virtual authenticator of a browser’s developer tools. It has to be refused, and a self-attested one with an allowed AAGUID as well.',
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
