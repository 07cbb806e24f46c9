import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import type { AttackClient } from '../target/attack-client.js';

/** Using again what was used once. */
export const replay: AttackFamily = {
  name: 'Replay',
  attacks: [
    {
      id: 'replayed-totp-code',
      title: 'A code of an authenticator app that was just used',
      priority: 'P0',
      gain: 'Whoever sees or relays a code signs in with it beside its owner.',
      mend: 'Claim the time step of an accepted code in one conditional statement, and refuse that step and older ones.',
      sources: ['RFC 6238, section 5.2', 'CVE-2022-25838'],
      classes: [1],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const first = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        scene.control('signing in', await first.mfa('POST', '/authenticate', { code }));
        const thief = await scene.half(owner);
        scene.mustRefuse('the same code again', await thief.mfa('POST', '/authenticate', { code }));
        scene.mustRefuse('the same code at a step-up', await first.mfa('POST', '/authenticate', { code }));
        const next = await scene.freshCode(owner.app);
        scene.control(
          'signing in with the next code',
          await thief.mfa('POST', '/authenticate', { code: next }),
        );
      },
    },
    {
      id: 'replayed-activation-code',
      title: 'The code that set the app up, at sign-in',
      priority: 'P0',
      gain: 'Whoever looks over a shoulder during set-up signs in.',
      mend: 'Count the code of the set-up as used.',
      sources: ['RFC 6238, section 5.2'],
      classes: [4],
      async run(scene: Scene): Promise<void> {
        const { user, client } = await scene.newcomer();
        const app = await scene.beginApp(client);
        const code = await scene.freshCode(app);
        scene.control('setting up an app', await client.mfa('POST', '/totp/activate', { code }));
        const thief = await scene.half({ user });
        scene.mustRefuse('the code of the set-up', await thief.mfa('POST', '/authenticate', { code }));
        scene.mustRefuse('that code at a step-up', await client.mfa('POST', '/authenticate', { code }));
        const next = await scene.freshCode(app);
        scene.control(
          'signing in with the next code',
          await thief.mfa('POST', '/authenticate', { code: next }),
        );
      },
    },
    {
      id: 'older-totp-code',
      title: 'A code that is older than the last one used',
      priority: 'P0',
      gain: 'A code that was seen and not used yet is good after its owner has signed in with a later one.',
      mend: 'Let the last accepted time step only grow.',
      sources: ['RFC 6238, section 5.2'],
      classes: [3],
      async run(scene: Scene): Promise<void> {
        if (scene.settings.totpTolerance === 0)
          throw new NotApplicable('Only the present time step is accepted');
        const owner = await scene.withApp();
        await scene.pass(scene.target.clock ? 2 * owner.app.period : 0);
        const older = await scene.freshCode(owner.app);
        const newer = await scene.freshCode(owner.app);
        const [first, thief] = [await scene.half(owner), await scene.half(owner)];
        const enter = (client: AttackClient, code: string) => client.mfa('POST', '/authenticate', { code });
        scene.control('signing in with the later code', await enter(first, newer));
        scene.mustRefuse('the earlier code', await enter(thief, older));
        scene.mustRefuse('the later code once more', await enter(thief, newer));
        const next = await scene.freshCode(owner.app);
        scene.control('signing in with a code that is newer still', await enter(thief, next));
      },
    },
    {
      id: 'stale-totp-code',
      title: 'Codes of some minutes ago and from now',
      priority: 'P1',
      gain: 'A code that was seen stays good for minutes, and guesses have more codes to hit.',
      mend: 'Accept one time step of drift at most.',
      sources: ['RFC 6238, section 5.2', 'OWASP ASVS 5.0.0, 6.5.5'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const { period } = owner.app;
        // Unused codes from the past only exist if some time has gone by since the set-up.
        const past = scene.target.clock ? [-18, -scene.settings.totpTolerance - 1] : [];
        if (past.length > 0) await scene.pass(30 * period);
        const thief = await scene.half(owner);
        const step = owner.app.stepAt(scene.now);
        for (const offset of [4, 3, ...past]) {
          const code = owner.app.codeOf(step + offset);
          scene.mustRefuse(
            `the code of ${Math.abs(offset)} steps ${offset > 0 ? 'from now' : 'ago'}`,
            await thief.mfa('POST', '/authenticate', { code }),
          );
        }
        const code = await scene.freshCode(owner.app);
        scene.control('signing in with the code of now', await thief.mfa('POST', '/authenticate', { code }));
      },
    },
    {
      id: 'replayed-recovery-code',
      title: 'A recovery code that was used',
      priority: 'P0',
      gain: 'A recovery code that was written down or phished once opens the account for ever.',
      mend: 'Mark a recovery code as used in the statement that accepts it.',
      sources: ['OWASP ASVS 5.0.0, 6.5.1'],
      classes: [5],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [code, other] = owner.recoveryCodes;
        if (code === undefined) throw new NotApplicable('There are no recovery codes here');
        const first = await scene.half(owner);
        scene.control('signing in with a recovery code', await first.mfa('POST', '/authenticate', { code }));
        const thief = await scene.half(owner);
        scene.mustRefuse('the same recovery code again', await thief.mfa('POST', '/authenticate', { code }));
        scene.control('another recovery code', await thief.mfa('POST', '/authenticate', { code: other }));
      },
    },
    {
      id: 'reused-challenge',
      title: 'A half-finished sign-in that was finished already',
      priority: 'P0',
      gain: 'A copy of the half-finished sign-in makes further sessions of it.',
      mend: 'Claim the half-finished sign-in in the commit that finishes it, and let its token die.',
      sources: ['better-auth #9993'],
      classes: [18],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const first = await scene.half(owner);
        const copy = first.copy();
        const code = await scene.freshCode(owner.app);
        scene.control('finishing a sign-in', await first.mfa('POST', '/authenticate', { code }));
        const answer = await copy.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        scene.mustRefuse('the same half-finished sign-in with a new code', answer);
      },
    },
    {
      id: 'expired-challenge',
      title: 'A half-finished sign-in that has expired',
      priority: 'P0',
      gain: 'A password that was proven long ago is as good as one of now.',
      mend: 'Ask for the expiry of the half-finished sign-in in the statement that claims it.',
      sources: ['better-auth #9993'],
      classes: [17],
      needs: ['clock'],
      lookAt:
        'Sign in by password, wait for longer than `session.pendingTtlSeconds`, then enter a right code.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        await scene.pass(scene.settings.pendingSeconds + 60);
        const late = await half.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        scene.mustRefuse('a right code after the end of the sign-in', late);
        await scene.full(owner);
      },
    },
  ],
};
