import type { AttackFamily } from '../scene/attack.js';
import type { Scene } from '../scene/scene.js';

/** Registering keys that must not be registered. */
export const registration: AttackFamily = {
  name: 'Security keys: registration',
  attacks: [
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
        const honest = await scene.proveKey(await scene.half(owner), owner.key);
        scene.control('the owner’s key', honest);
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
        // RS1, RSA with SHA-1, which nobody offers.
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
  ],
};
