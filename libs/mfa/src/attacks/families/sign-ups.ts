import { FLAGS } from '../../core/virtual-authenticators/ceremony-answers.js';
import type { AttackFamily } from '../scene/attack.js';
import type { HostileKey } from '../scene/hostile-key.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import type { AttackAnswer } from '../target/attack-answer.js';
import { describeAnswer } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';

const newName = ({ target }: Scene): string => target.signUp?.newName() ?? '';

/** The creation options for an account with this name. */
async function optionsOf(scene: Scene, client: AttackClient, name: string): Promise<AttackAnswer> {
  const options = await client.mfa('POST', '/sign-up/options', { name });
  if (options.status === 404)
    throw new NotApplicable(`No account begins with a passkey here: ${describeAnswer(options)}`);
  return scene.control('asking for a sign-up', options);
}

const send = (
  { target }: Scene,
  client: AttackClient,
  name: string,
  credential: object,
): Promise<AttackAnswer> =>
  client.mfa('POST', '/sign-up', { name, credential, fields: target.signUp?.fields ?? {} });

/** Creates an account as a person would. */
async function signUp(scene: Scene, name: string, key: HostileKey): Promise<AttackClient> {
  const client = scene.browser();
  const options = await optionsOf(scene, client, name);
  const credential = scene.byBrowser(() => key.create(options.body as never));
  scene.control('an honest sign-up', await send(scene, client, name, credential));
  scene.secrets.note(...client.secrets);
  return client;
}

/** Accounts that start with a passkey instead of a password. */
export const signUps: AttackFamily = {
  name: 'Accounts that begin with a passkey',
  attacks: [
    {
      id: 'sign-up-over-account',
      title: 'Signing up under the name of an account that there is',
      priority: 'P0',
      gain: 'Whoever knows the address of an account adds a passkey of their own to it.',
      mend: 'Insert the user and let a unique constraint decide; refuse whoever is there already.',
      sources: ['CWE-287', 'CWE-639'],
      classes: [31],
      needs: ['signUp'],
      lookAt:
        'Where accounts begin with a passkey, sign up with the address of an account that there is: it has to be refused, and the account to have the factors that it had.',
      async run(scene: Scene): Promise<void> {
        const [name, own, strange] = [newName(scene), scene.key(), scene.key()];
        await signUp(scene, name, own);
        const thief = scene.browser();
        const options = await optionsOf(scene, thief, name);
        const credential = strange.createWith(options.body, () => ({}));
        scene.mustRefuse('a sign-up under its name', await send(scene, thief, name, credential));
        await scene.mustNotOpen('the protected route after that', thief);
        scene.mustRefuse('signing in with the other key', await scene.signInAlone(strange));
        scene.control('the owner’s key', await scene.signInAlone(own));
      },
    },
    {
      id: 'sign-up-under-another-name',
      title: 'The answer to the options of one name under another name',
      priority: 'P1',
      gain: 'A ceremony that somebody was brought to do makes an account under a name that an attacker chooses.',
      mend: 'Bind the challenge to the name that it was asked for.',
      sources: ['WebAuthn Level 3, section 7.1, step 8', 'WebAuthn Level 3, section 13.4.3'],
      classes: [24],
      needs: ['signUp'],
      lookAt:
        'Where accounts begin with a passkey, ask for the options of one name and answer them under another: it has to be refused.',
      async run(scene: Scene): Promise<void> {
        await signUp(scene, newName(scene), scene.key());
        const client = scene.browser();
        const options = await optionsOf(scene, client, newName(scene));
        const key = scene.key();
        const credential = key.createWith(options.body, () => ({}));
        scene.mustRefuse('another name', await send(scene, client, newName(scene), credential));
        scene.mustRefuse('signing in with that key', await scene.signInAlone(key));
      },
    },
    {
      id: 'sign-up-without-verification',
      title: 'Signing up with a passkey that asked for neither PIN nor finger',
      priority: 'P1',
      gain: 'An account has one factor where its passkey stands for two.',
      mend: 'Demand the flag for user verification at the registration too.',
      sources: ['WebAuthn Level 3, section 7.1, step 16'],
      classes: [27],
      needs: ['signUp'],
      lookAt: 'Where accounts begin with a passkey, user verification has to be demanded when it is made.',
      async run(scene: Scene): Promise<void> {
        await signUp(scene, newName(scene), scene.key());
        const [client, name] = [scene.browser(), newName(scene)];
        const options = await optionsOf(scene, client, name);
        const credential = scene
          .key()
          .createWith(options.body, ({ flags }) => ({ flags: flags & ~FLAGS.userVerified }));
        scene.mustRefuse('no user verification', await send(scene, client, name, credential));
      },
    },
    {
      id: 'sign-up-options-tell-accounts',
      title: 'Options for a sign-up that tell which names are taken',
      priority: 'P2',
      gain: 'A stranger learns which address has an account, without so much as a ceremony.',
      mend: 'Answer the options alike, whoever has the name, and look nothing up.',
      sources: ['WebAuthn Level 3, section 14.6.2', 'CWE-204'],
      classes: [38],
      needs: ['signUp'],
      lookAt: 'Where accounts begin with a passkey, the options have to be alike for names that are taken.',
      async run(scene: Scene): Promise<void> {
        const taken = newName(scene);
        await signUp(scene, taken, scene.key());
        const shapeOf = async (name: string) => {
          const { status, body } = await scene.browser().mfa('POST', '/sign-up/options', { name });
          if (status === 429) throw new NotApplicable('Anonymous options are limited');
          const excluded = (body['excludeCredentials'] ?? []) as unknown[];
          return `${status} ${Object.keys(body).sort().join(' ')} ${excluded.length}`;
        };
        const [known, unknown] = [await shapeOf(taken), await shapeOf(newName(scene))];
        scene.must(
          known === unknown,
          'taken and free names are answered alike',
          'taken and free names are answered differently',
        );
      },
    },
  ],
};
