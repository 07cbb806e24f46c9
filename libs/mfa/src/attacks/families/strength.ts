import { base32 } from 'rfc4648';

import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable, Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';

/** RFC 4226, section 4, R6: at least 128 bits. */
const SECRET_BYTES = 16;
/** OWASP ASVS 5.0.0, 6.5.4: at least 20 bits, which means 6 digits. */
const CODE_LENGTH = 6;
/** OWASP ASVS 5.0.0, 7.2.3: at least 128 bits, which means 22 characters of base64url. */
const TOKEN_LENGTH = 22;

/** What can be observed about strength from outside. */
export const strength: AttackFamily = {
  name: 'Strength',
  attacks: [
    {
      id: 'short-secret',
      title: 'Short or repeated secrets of apps',
      priority: 'P1',
      gain: 'Two codes that were seen are enough to find the secret.',
      mend: 'Make a new secret of 160 random bits for each set-up.',
      sources: ['RFC 4226, section 4, R6'],
      classes: [44],
      async run(scene: Scene): Promise<void> {
        const secrets = [];
        for (let nth = 0; nth < 3; nth += 1)
          secrets.push((await scene.beginApp((await scene.newcomer()).client)).secret);
        const shortest = Math.min(...secrets.map((one) => base32.parse(one, { loose: true }).length));
        scene.must(
          shortest >= SECRET_BYTES,
          `secrets have ${shortest * 8} bits`,
          `secrets have ${shortest * 8} bits only`,
        );
        scene.must(new Set(secrets).size === 3, 'no secret came twice', 'a secret came twice');
      },
    },
    {
      id: 'short-recovery-codes',
      title: 'Short or repeated recovery codes',
      priority: 'P1',
      gain: 'Recovery codes are guessed sooner than codes of an app.',
      mend: 'Make them of 20 random bits at least, and 64 where nothing limits guesses.',
      sources: ['OWASP ASVS 5.0.0, 6.5.4', 'NIST SP 800-63B-4, section 4.2.1.1'],
      classes: [44],
      async run(scene: Scene): Promise<void> {
        const codes = [...(await scene.withApp()).recoveryCodes, ...(await scene.withApp()).recoveryCodes];
        if (codes.length === 0) throw new NotApplicable('There are no recovery codes here');
        const shortest = Math.min(...codes.map((one) => one.replace(/[^a-z0-9]/gi, '').length));
        scene.must(
          shortest >= CODE_LENGTH,
          `codes have ${shortest} characters`,
          `codes have ${shortest} characters only`,
        );
        scene.must(new Set(codes).size === codes.length, 'no code came twice', 'a code came twice');
      },
    },
    {
      id: 'short-session-token',
      title: 'Short or repeated session tokens',
      priority: 'P0',
      gain: 'Sessions are guessed.',
      mend: 'Make tokens of 128 random bits at least.',
      sources: ['OWASP ASVS 5.0.0, 7.2.3', 'CWE-331'],
      classes: [],
      async run(scene: Scene): Promise<void> {
        const [one, other] = [await scene.newcomer(), await scene.newcomer()];
        const [first, second] = [one.client.secrets, other.client.secrets];
        if (first.length === 0 || second.length === 0)
          throw new Unclear('A sign-in left neither cookie nor token');
        const longest = Math.min(
          ...[first, second].map((all) => Math.max(...all.map((each) => each.length))),
        );
        scene.must(
          longest >= TOKEN_LENGTH,
          `tokens have ${longest} characters`,
          `tokens have ${longest} characters only`,
        );
        const longTokens = first.filter((each) => each.length >= TOKEN_LENGTH);
        const isShared = longTokens.length > 0 && longTokens.every((each) => second.includes(each));
        scene.must(!isShared, 'two users have two tokens', 'two users have the same token');
      },
    },
  ],
};
