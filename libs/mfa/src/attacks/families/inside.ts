import { base32 } from 'rfc4648';

import type { AttackFamily } from '../scene/attack.js';
import type { Scene, WithApp } from '../scene/scene.js';
import { Unclear } from '../scene/outcome.js';

/** The ways in which a secret can be written down. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(base32.parse(secret, { loose: true }));
  return [
    secret,
    secret.toLowerCase(),
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ];
}

async function live(scene: Scene): Promise<WithApp> {
  const owner = await scene.withApp();
  await scene.full(owner);
  return owner;
}

function mustLack(scene: Scene, where: string, text: string, owner: WithApp): void {
  if (text.length === 0) throw new Unclear(`${where} is empty: is it the right one?`);
  const lower = text.toLowerCase();
  const kinds: Record<string, readonly string[]> = {
    'the secret of an app': spellings(owner.app.secret),
    'a recovery code': owner.recoveryCodes,
    'a session’s token': owner.client.secrets.filter((one) => one.length > 20),
  };
  for (const [what, secrets] of Object.entries(kinds)) {
    const isThere = secrets.some((one) => lower.includes(one.toLowerCase()));
    scene.must(!isThere, `${where} lacks ${what}`, `${where} shows ${what} as it is`);
  }
}

/** A six-digit code may appear in a log by chance, but not all the codes that were typed. */
function mustLackTyped(scene: Scene, text: string, codes: readonly string[]): void {
  const areThere = codes.every((code) => new RegExp(`(?<!\\d)${code}(?!\\d)`).test(text));
  scene.must(!areThere, 'the log lacks codes that were typed', 'the log shows codes that were typed');
}

/** What can be seen behind the scenes. */
export const inside: AttackFamily = {
  name: 'Storage and logs',
  attacks: [
    {
      id: 'secrets-in-the-database',
      title: 'A copy of the database',
      priority: 'P0',
      gain: 'A stolen backup makes codes and opens sessions.',
      mend: 'Encrypt secrets of apps; keep hashes of tokens, and keyed hashes of codes.',
      sources: ['OWASP ASVS 5.0.0, 6.5.2', 'CWE-312'],
      classes: [37],
      needs: ['stored'],
      lookAt:
        'Dump the database after somebody has set up an app: neither its secret (base32, hex, base64), nor recovery codes, session tokens, tokens of trusted browsers or codes that were sent may be in it.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        // The token of a trusted browser must be stored as carefully as that of a session.
        const client = await scene.full(owner, { trustDevice: true });
        const text = (await scene.target.stored?.()) ?? '';
        mustLack(scene, 'the database', text, owner);
        mustLack(scene, 'the database after a sign-in', text, { ...owner, client });
      },
    },
    {
      id: 'secrets-in-the-log',
      title: 'The log',
      priority: 'P1',
      gain: 'Whoever reads logs signs in as anybody.',
      mend: 'Log no body, no header and no object of the module.',
      sources: ['OWASP ASVS 5.0.0, 16.2.5', 'CWE-532'],
      classes: [46],
      needs: ['logged'],
      lookAt:
        'Search logs, events, error reports and the examples of the OpenAPI document for secrets, codes, tokens and `otpauth:` addresses.',
      async run(scene: Scene): Promise<void> {
        const owner = await live(scene);
        const half = await scene.half(owner);
        const [wrong, right] = [scene.wrongCode(owner.app), await scene.freshCode(owner.app)];
        for (const code of [wrong, right]) await half.mfa('POST', '/authenticate', { code });
        const text = (await scene.target.logged?.()) ?? '';
        // An application may log nothing at all.
        mustLack(scene, 'the log', text || ' ', owner);
        mustLackTyped(scene, text, [wrong, right]);
        scene.must(
          !text.includes('otpauth:'),
          'the log lacks otpauth: addresses',
          'the log shows otpauth: addresses',
        );
      },
    },
    {
      id: 'secrets-in-answers',
      title: 'Lists and the status of the account',
      priority: 'P0',
      gain: 'Who finds an open session takes the secret of the app along, and is in for good.',
      mend: 'Show a secret once, when it is made, and in no list.',
      sources: ['CWE-200', 'OWASP ASVS 5.0.0, 15.3.1'],
      classes: [19, 46],
      async run(scene: Scene): Promise<void> {
        const owner = await live(scene);
        for (const path of ['/authenticators', '/status', '/sessions', '/recovery-codes', '/session']) {
          const answer = await owner.client.mfa('GET', path);
          if (answer.status === 404) continue;
          mustLack(scene, answer.asked, scene.control('reading it', answer).text, owner);
        }
      },
    },
    {
      id: 'database-down',
      title: 'The database fails while a code is judged',
      priority: 'P1',
      gain: 'A check that fails open lets everybody in while the database is down.',
      mend: 'Refuse when anything fails, and spend nothing.',
      sources: ['OWASP ASVS 5.0.0, 16.5.3', 'CWE-636'],
      classes: [45],
      needs: ['breakStorage'],
      lookAt:
        'Stop the database, enter a right code and open a protected route: both have to fail. Start it again: the same code has to work.',
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const half = await scene.half(owner);
        const code = await scene.freshCode(owner.app);
        const mend = await scene.legitimately('stopping the database', async () =>
          scene.target.breakStorage?.(),
        );
        try {
          const answer = await half.mfa('POST', '/authenticate', { code });
          const opened = await owner.client.get(scene.target.protectedRoute);
          for (const { asked, status } of [answer, opened])
            scene.must(
              status >= 400,
              `${asked} answered ${status}`,
              `${asked} answered ${status} without a database`,
            );
        } finally {
          await mend?.();
        }
        scene.control('the same code afterwards', await half.mfa('POST', '/authenticate', { code }));
      },
    },
  ],
};
