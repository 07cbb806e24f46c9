import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable, Unclear } from '../scene/outcome.js';
import type { Scene, WithApp } from '../scene/scene.js';
import type { AttackAnswer } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';
import { atOnce, isJudged, mustBeBounded, mustBeSpent } from './counting.js';

/** NIST SP 800-63B: the maximum number of consecutive failed attempts on one account. */
const NIST_ATTEMPTS = 100;

/** How many wrong codes are judged in a new sign-in before the limit stops it. */
async function judgedInOneWindow(scene: Scene, owner: WithApp): Promise<number> {
  const half = await scene.half(owner);
  for (let judged = 0; judged < scene.limits.judgedGuesses; judged += 1) {
    const code = scene.wrongCode(owner.app, judged);
    if (!isJudged(await half.mfa('POST', '/authenticate', { code }))) return judged;
  }
  return scene.limits.judgedGuesses;
}

/** Guessing codes. */
export const guesses: AttackFamily = {
  name: 'Guessing',
  attacks: [
    {
      id: 'parallel-guesses',
      title: 'Many wrong codes at once in one sign-in',
      priority: 'P0',
      gain: 'Whoever has the password tries as many codes as the network carries.',
      mend: 'Count the attempt before the code is compared, in one statement that refuses beyond the limit.',
      sources: ['better-auth #9993', 'CWE-307'],
      classes: [6],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const answers = await atOnce(scene.limits.guesses, (nth) =>
          half
            .copy()
            .mfa(
              'POST',
              '/authenticate',
              { code: scene.wrongCode(owner.app, nth) },
              { isToSecond: nth % 2 === 1 },
            ),
        );
        mustBeBounded(scene, 'wrong codes at once', answers);
        const right = await half.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        mustBeSpent(scene, 'a right code after them', right);
      },
    },
    {
      id: 'guesses-over-many-sign-ins',
      title: 'One wrong code in each of many sign-ins, all at once',
      priority: 'P0',
      gain: 'Each new sign-in brings attempts of its own, so there are as many as anybody likes.',
      mend: 'Keep one budget per user, in the database.',
      sources: ['CWE-307'],
      classes: [7],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const halves: AttackClient[] = [];
        for (let nth = 0; nth < scene.limits.parallel; nth += 1) halves.push(await scene.half(owner));
        const answers = await Promise.all(
          halves.map((half, nth) =>
            half.mfa('POST', '/authenticate', { code: scene.wrongCode(owner.app, nth) }),
          ),
        );
        mustBeBounded(scene, 'one wrong code in each of many sign-ins', answers);
      },
    },
    {
      id: 'guesses-after-new-sign-in',
      title: 'Wrong codes, with a new sign-in after every few',
      priority: 'P0',
      gain: 'Signing in again gives new attempts, so there are as many as anybody likes.',
      mend: 'Let the budget be the user’s; a new sign-in does not renew it.',
      sources: ['CWE-307'],
      classes: [7],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const answers: AttackAnswer[] = [];
        for (let round = 0; round < 8; round += 1) {
          const half = await scene.half(owner);
          for (const nth of [0, 1, 2]) {
            const code = scene.wrongCode(owner.app, round * 3 + nth);
            answers.push(await half.mfa('POST', '/authenticate', { code }));
          }
        }
        mustBeBounded(scene, 'three wrong codes in each of eight sign-ins', answers);
      },
    },
    {
      id: 'signed-in-guesses',
      title: 'Wrong codes in a session that is signed in',
      priority: 'P0',
      gain: 'Whoever has copied a session guesses its way to new recovery codes.',
      mend: 'Let step-up spend the same budget as sign-in.',
      sources: ['CWE-307'],
      classes: [8],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const answers = await atOnce(scene.limits.parallel, (nth) =>
          owner.client.copy().mfa('POST', '/authenticate', { code: scene.wrongCode(owner.app, nth) }),
        );
        mustBeBounded(scene, 'wrong codes in a signed-in session', answers);
        const half = await scene.half(owner);
        const right = await half.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        mustBeSpent(scene, 'a right code at a sign-in after them', right);
      },
    },
    {
      id: 'guesses-over-factors',
      title: 'Wrong codes of several factors in turn',
      priority: 'P1',
      gain: 'Each factor has attempts of its own, so there are several times as many.',
      mend: 'Share one budget over all factors of a user.',
      sources: ['better-auth #10240', 'ASP.NET #17184'],
      classes: [10],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const [recoveryCode] = owner.recoveryCodes;
        if (recoveryCode === undefined) throw new NotApplicable('There is one kind of code here');
        const half = await scene.half(owner);
        const guess = (code: string) => half.mfa('POST', '/authenticate', { code });
        const answers: AttackAnswer[] = [];
        for (let nth = 0; nth < 2 * scene.limits.judgedGuesses; nth += 1) {
          answers.push(await guess(scene.wrongCode(owner.app, nth)));
          if (answers.at(-1)?.status === 429) break;
        }
        mustBeBounded(scene, 'wrong codes of an app', answers);
        // A wrong code of the right form: its first character moved to the end.
        const wrong = `${recoveryCode.slice(1)}${recoveryCode.slice(0, 1)}`;
        mustBeSpent(scene, 'a right recovery code after them', await guess(recoveryCode));
        const answer = await guess(wrong);
        const found = `a wrong recovery code after them: ${answer.status}`;
        scene.must(!isJudged(answer), found, found);
      },
    },
    {
      id: 'rotated-address',
      title: 'Wrong codes under another network address each',
      priority: 'P1',
      gain: 'A header that anybody can send brings new attempts.',
      mend: 'Count by user; trust `X-Forwarded-For` only from a proxy of your own.',
      sources: ['CVE-2026-45364', 'CWE-348'],
      classes: [11],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const answers: AttackAnswer[] = [];
        for (let nth = 0; nth < 2 * scene.limits.judgedGuesses; nth += 1) {
          const address = nth % 2 === 0 ? `203.0.113.${nth}` : `2001:db8::${nth}`;
          const headers = {
            'x-forwarded-for': address,
            'x-real-ip': address,
            forwarded: `for="[${address}]"`,
          };
          const code = scene.wrongCode(owner.app, nth);
          answers.push(await half.mfa('POST', '/authenticate', { code }, { headers }));
        }
        mustBeBounded(scene, 'wrong codes under other addresses', answers);
      },
    },
    {
      id: 'endless-guesses',
      title: 'Some wrong codes in each window, for hours',
      priority: 'P1',
      gain: 'With patience every code is found: a day of a million windows is enough.',
      mend: 'Disable an authenticator after 100 failed attempts in a row.',
      sources: ['NIST SP 800-63B-4, section 3.2.2'],
      classes: [],
      needs: ['clock'],
      lookAt:
        'That an authenticator is disabled after at most 100 failed attempts in a row (`rateLimit.lockAfter`).',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        await scene.full(owner);
        let judged = 0;
        for (let before = -1; before < judged && judged <= NIST_ATTEMPTS;) {
          before = judged;
          judged += await judgedInOneWindow(scene, owner);
          await scene.pass(scene.settings.windowSeconds + 1);
        }
        if (judged === 0) throw new Unclear('No wrong code was judged');
        const half = await scene.half(owner);
        const right = await half.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        scene.mustRefuse(`a right code after ${judged} wrong ones in a row`, right);
      },
    },
    {
      id: 'victim-kept-out',
      title: 'Wrong codes for somebody, without the password',
      priority: 'P0',
      gain: 'Anybody who knows an address keeps its owner out.',
      mend: 'Let only who has passed the first factor spend attempts of a user.',
      sources: ['Keycloak #46164'],
      classes: [9],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const stranger = scene.browser();
        const named = { ...owner.user, userId: (owner.user as { id?: unknown }).id };
        const answers = await atOnce(scene.limits.parallel, (nth) =>
          stranger.mfa('POST', '/authenticate', { ...named, code: scene.wrongCode(owner.app, nth) }),
        );
        for (const answer of answers.slice(0, 1)) scene.mustRefuse('a code without a sign-in', answer, [429]);
        const half = await scene.half(owner);
        const right = await half.mfa('POST', '/authenticate', { code: await scene.freshCode(owner.app) });
        scene.must(
          right.status === 200,
          'the owner signs in all the same',
          `the owner is kept out by ${answers.length} requests of a stranger: ${right.status}`,
        );
      },
    },
  ],
};
