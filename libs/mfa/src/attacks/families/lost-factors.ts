import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Enrolled, Scene } from '../scene/scene.js';
import type { AttackClient } from '../target/attack-client.js';

/** Reports a factor as lost, as an owner would who only has the password left. */
async function reportLost(
  scene: Scene,
  client: AttackClient,
  { authenticatorId }: Pick<Enrolled, 'authenticatorId'>,
): Promise<void> {
  const answer = await client.mfa('POST', `/authenticate/authenticators/${authenticatorId}/suspend`);
  if (answer.status === 404 || answer.status === 409)
    throw new NotApplicable('No factor can be reported as lost here');
  scene.control('reporting the app as lost', answer);
}

/** The first factor is enough to report the second one as lost, but must not be enough for anything else. */
export const lostFactors: AttackFamily = {
  name: 'Lost factors',
  attacks: [
    {
      id: 'lost-factor',
      title: 'An app that was reported as lost, and the sessions that it had opened',
      priority: 'P0',
      gain: 'Who has found or stolen the phone goes on with it after its owner has said so.',
      mend: 'Let nothing verify with a suspended factor, and end the other sessions when it is suspended.',
      sources: ['NIST SP 800-63B-4, section 4.3', 'OWASP ASVS 5.0.0, 6.5.6'],
      classes: [42],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { key } = await scene.addKey(owner.client);
        const thief = await scene.full(owner);
        await scene.controlProtected(thief);
        const half = await scene.half(owner);
        await reportLost(scene, half, owner);
        await scene.mustNotOpen('a session that the app had opened', thief);
        const again = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        scene.mustRefuse('a code of the lost app', await again.mfa('POST', '/authenticate', { code }));
        const resume = `/authenticators/${owner.authenticatorId}/resume`;
        scene.mustRefuse('taking it back with the password alone', await again.mfa('POST', resume));
        scene.control('the key', await scene.proveKey(again, key));
        scene.control('taking it back by key', await again.mfa('POST', resume));
        await scene.controlProtected(await scene.full(owner));
      },
    },
    {
      id: 'every-factor-lost',
      title: 'The password alone, once every factor was reported as lost',
      priority: 'P0',
      gain: 'A thief of the password reports the factors as lost, and is in.',
      mend: 'Count suspended factors as factors: a sign-in owes a second one as before, and changes of factors ask for it.',
      sources: ['NIST SP 800-63B-4, section 4.3', 'CWE-306'],
      classes: [12, 19],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [recoveryCode] = owner.recoveryCodes;
        const thief = await scene.half(owner);
        await reportLost(scene, thief, owner);
        await scene.mustNotOpen('the session that has reported it', thief);
        scene.mustRefuse('setting up another app in it', await thief.mfa('POST', '/totp'));
        scene.mustRefuse('making recovery codes in it', await thief.mfa('POST', '/recovery-codes'));
        const again = await scene.signIn(owner.user);
        await scene.mustNotOpen('a new sign-in by the password', again);
        const code = await scene.freshCode(owner.app);
        scene.mustRefuse('a code of the lost app', await again.mfa('POST', '/authenticate', { code }));
        scene.mustRefuse('setting up another app then', await again.mfa('POST', '/totp'));
        if (recoveryCode === undefined) return;
        const answer = await again.mfa('POST', '/authenticate', { code: recoveryCode });
        scene.control('the owner’s recovery code', answer);
      },
    },
  ],
};
