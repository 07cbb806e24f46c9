import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { describeAnswer } from '../target/attack-answer.js';
import { RECENT_ROUTES, SIGNED_IN_ROUTES, mustReachNone } from './own-routes.js';

/** The attacker knows the password, but not the second factor. */
export const halfFinished: AttackFamily = {
  name: 'Half-finished sign-ins',
  attacks: [
    {
      id: 'no-sign-in',
      title: 'The protected route without any sign-in',
      priority: 'P0',
      gain: 'Everybody has what the second factor protects.',
      mend: 'Put `@RequireMfa()` on the route.',
      sources: ['OWASP ASVS 5.0.0, 8.2.1'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        await scene.withApp();
        await scene.mustNotOpen('a stranger', scene.browser());
      },
    },
    {
      id: 'half-finished-sign-in',
      title: 'The protected route after the password alone',
      priority: 'P0',
      gain: 'A stolen password is enough.',
      mend: 'Give no session or token before the second factor; what is given meanwhile must open nothing.',
      sources: ['GHSA-xg6x-h9c9-2m83', 'CWE-287'],
      classes: [12, 13],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.controlProtected(owner.client);
        const half = await scene.half(owner);
        await scene.mustNotOpen('after the password alone', half);
        await scene.mustNotOpen('after the password alone, the step-up route', half, scene.stepUpRoute);
      },
    },
    {
      id: 'half-finished-token',
      title: 'Each token of the half-finished sign-in, in each place that takes one',
      priority: 'P0',
      gain: 'A token that was meant for the second step is an access token.',
      mend: 'Tokens of half-finished sign-ins are of another kind, and every guard asks which.',
      sources: ['GHSA-xg6x-h9c9-2m83', 'RFC 8725, section 3.12'],
      classes: [12, 13],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        for (const secret of half.secrets) {
          for (const name of ['authorization', scene.wire.sessionHeader ?? 'x-mfa-session']) {
            const thief = scene.browser();
            thief.headers[name] = name === 'authorization' ? `Bearer ${secret}` : secret;
            await scene.mustNotOpen(`the token in ${name}`, thief);
          }
        }
      },
    },
    {
      id: 'half-finished-session-manages-factors',
      title: 'Routes of the signed-in after the password alone',
      priority: 'P0',
      gain: 'A stolen password reads or makes recovery codes, or sets up a factor.',
      mend: 'A half-finished sign-in is nobody, but where it is finished.',
      sources: ['CVE-2026-3429', 'CWE-306'],
      classes: [13, 19],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        for (const route of SIGNED_IN_ROUTES) {
          const legitimate = await owner.client.mfa('GET', route.slice('GET '.length));
          if (legitimate.status !== 404) scene.control(route, legitimate);
        }
        scene.control('making recovery codes', await owner.client.mfa('POST', '/recovery-codes'));
        await mustReachNone(scene, [...SIGNED_IN_ROUTES, ...RECENT_ROUTES], half, owner);
        const code = await scene.freshCode(owner.app);
        scene.control('finishing it', await half.mfa('POST', '/authenticate', { code }));
      },
    },
    {
      id: 'new-factor-as-second-step',
      title: 'A factor that is set up after the password alone, to pass the second step',
      priority: 'P0',
      gain: 'A stolen password sets up an app of the thief’s, and passes with that.',
      mend: 'Set-up asks for a second factor of who has one.',
      sources: ['CVE-2026-3429', 'CWE-306'],
      classes: [20],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const setup = await half.mfa('POST', '/totp');
        scene.mustRefuse('beginning to set up an app', setup);
        const activation = await half.mfa('POST', '/totp/activate', { code: scene.wrongCode(owner.app) });
        scene.mustRefuse('finishing a set-up', activation);
      },
    },
    {
      id: 'user-named-in-body',
      title: 'Another user named in the body of the second step',
      priority: 'P0',
      gain: 'Whoever has an account of their own gets into any other.',
      mend: 'Take the user from the half-finished sign-in, and from nowhere else.',
      sources: ['CVE-2025-61928', 'CWE-639'],
      classes: [15],
      async run(scene: Scene): Promise<void> {
        const [owner, other] = [await scene.withApp(), await scene.withApp()];
        const half = await scene.half(owner);
        const { id } = other.user as { id?: unknown };
        const code = await scene.freshCode(other.app);
        const body = { ...other.user, id, userId: id, user_id: id, sub: id, user: { id }, code };
        scene.mustRefuse(
          'the code of another user, who is named',
          await half.mfa('POST', '/authenticate', body),
        );
        const own = await scene.freshCode(owner.app);
        scene.control('the user’s own code', await half.mfa('POST', '/authenticate', { code: own }));
      },
    },
    {
      id: 'code-of-another-user',
      title: 'The code of another user’s app',
      priority: 'P0',
      gain: 'Anybody’s code opens every account.',
      mend: 'Judge a code by the factors of the user of this sign-in.',
      sources: ['CWE-639'],
      classes: [15],
      async run(scene: Scene): Promise<void> {
        const [owner, other] = [await scene.withApp(), await scene.withApp()];
        const half = await scene.half(owner);
        for (const code of [await scene.freshCode(other.app), other.recoveryCodes[0]])
          scene.mustRefuse('a code of another user', await half.mfa('POST', '/authenticate', { code }));
        const own = await scene.freshCode(owner.app);
        scene.control('the user’s own code', await half.mfa('POST', '/authenticate', { code: own }));
      },
    },
    {
      id: 'other-sign-in',
      title: 'Other ways in than the password',
      priority: 'P0',
      gain: 'Whoever reads the mail or has the account at the provider needs no second factor.',
      mend: 'Let every way in go through `MfaService.login()`.',
      sources: ['better-auth #9552', 'better-auth #11287', 'CVE-2026-49448'],
      classes: [14, 41],
      needs: ['otherSignIns'],
      lookAt:
        'Each way in besides the password (a link by mail, single sign-on, the sign-in after a reset or an invitation, the end of an impersonation, a social identity that was linked later): that it ends half-finished for who has a second factor.',
      async run(scene: Scene): Promise<void> {
        const ways = Object.entries(scene.target.otherSignIns ?? {});
        if (ways.length === 0) throw new NotApplicable('`otherSignIns` is empty');
        const owner = await scene.withApp();
        for (const [name, signIn] of ways) {
          const client = scene.browser();
          await scene.legitimately(`signing in by ${name}`, () => signIn(client, owner.user));
          await scene.mustNotOpen(`after ${name}`, client);
          const answer = await client.mfa('GET', '/session');
          scene.must(
            answer.body['status'] === 'mfa_required',
            `${name} owes a second factor`,
            `${name} owes no second factor: ${describeAnswer(answer)}`,
          );
        }
      },
    },
  ],
};
