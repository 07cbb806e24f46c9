import type { AttackFamily } from '../scene/attack.js';
import { Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { describeAnswer } from '../target/attack-answer.js';
import type { AttackAnswer } from '../target/attack-answer.js';

/** Values that people never send, but programs do. */
const ODD_VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  ' ',
  '0',
  '000000',
  '００００００',
  0,
  -1,
  1e308,
  true,
  [],
  ['000000'],
  {},
  { $ne: null },
  { $gt: '' },
  { length: 6 },
  "' OR '1'='1",
  '\u0000',
  '9'.repeat(1_000_000),
  '\ud800',
  '%00',
  '../../etc/passwd',
];

const ODD_BODIES: readonly (string | undefined)[] = [
  undefined,
  '',
  'null',
  '[]',
  '0',
  '"code"',
  '{',
  '{"code":',
  '{"__proto__":{"verified":true}}',
  '{"code":"000000","verified":true,"status":"authenticated","skip":true,"bypass":"000000","mfa":false}',
];

/** Requires an answer that is neither a success nor a server error, and doesn't take the server long. */
function mustBeRefused(scene: Scene, what: string, answer: AttackAnswer): void {
  if (answer.status >= 500) scene.fall(`${what}: ${describeAnswer(answer)}`);
  scene.mustRefuse(what, answer, [413, 415]);
}

/** Whether two answers come from the same route: a catch-all page for unknown paths is a different one. */
function isSamePage(one: AttackAnswer, other: AttackAnswer): boolean {
  const [names, otherNames] = [one, other].map(({ body }) => Object.keys(body).sort().join());
  return one.text === other.text || (names !== '' && names === otherNames);
}

const isSameHead = (one: AttackAnswer, other: AttackAnswer): boolean =>
  ['content-type', 'content-length'].every((name) => one.headers.get(name) === other.headers.get(name));

/** Malformed requests. */
export const oddInput: AttackFamily = {
  name: 'Odd requests',
  attacks: [
    {
      id: 'odd-code',
      title: 'Codes that are none: missing, empty, lists, objects, huge',
      priority: 'P0',
      gain: 'A comparison that such a value passes lets everybody in; one that it breaks stops the server.',
      mend: 'Validate the body, and answer 400 or 401.',
      sources: ['GHSA-xp7f-xjjx-gwm8', 'CWE-20'],
      classes: [16],
      async run(scene: Scene): Promise<void> {
        const bodies = [...ODD_VALUES.map((code) => JSON.stringify({ code })), ...ODD_BODIES];
        const owner = await scene.withApp();
        await scene.full(owner);
        let half = await scene.half(owner);
        for (const [nth, body] of bodies.entries()) {
          let answer = await half.mfa('POST', '/authenticate', body);
          if (answer.status === 429) {
            // Some of these count as wrong codes. What is refused over the attempt limit wasn't judged, so try it with a new user.
            half = await scene.half(await scene.withApp());
            answer = await half.mfa('POST', '/authenticate', body);
          }
          mustBeRefused(scene, `odd body number ${nth + 1}`, answer);
          await scene.mustNotOpen(`after odd body number ${nth + 1}`, half);
        }
      },
    },
    {
      id: 'odd-credential',
      title: 'Answers of security keys that are none',
      priority: 'P1',
      gain: 'A parser that such an answer breaks stops the server, or lets somebody in.',
      mend: 'Validate the credential, and answer 400.',
      sources: ['CWE-20', 'CWE-502'],
      classes: [16],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withKey();
        const half = await scene.half(owner);
        const first = await scene.half(owner);
        const { body: options } = await scene.proofOptions(first);
        const honest = owner.key.getWith(options);
        const answered = await first.mfa('POST', '/authenticate/webauthn', { credential: honest });
        scene.control('an honest proof', answered);
        const odd: unknown[] = [
          undefined,
          null,
          'x',
          [],
          {},
          { ...honest, response: null },
          { ...honest, response: {} },
          { ...honest, id: ['x'] },
          { ...honest, response: { ...honest.response, clientDataJSON: 'e30' } },
          { ...honest, response: { ...honest.response, clientDataJSON: '!' } },
          { ...honest, response: { ...honest.response, authenticatorData: '' } },
          { ...honest, response: { ...honest.response, signature: '' } },
          { ...honest, response: { ...honest.response, signature: { length: 64 } } },
        ];
        for (const [nth, credential] of odd.entries()) {
          const answer = await half.mfa('POST', '/authenticate/webauthn', { credential });
          mustBeRefused(scene, `odd credential number ${nth + 1}`, answer);
        }
        await scene.mustNotOpen('after all of these', half);
      },
    },
    {
      id: 'other-spellings-of-the-path',
      title: 'Other spellings of the protected path',
      priority: 'P0',
      gain: 'A guard that compares paths is walked around.',
      mend: 'Guard the handler, not the path: `@RequireMfa()`.',
      sources: ['CVE-2025-69211', 'CVE-2026-2293', 'CVE-2026-54281'],
      classes: [43],
      async run(scene: Scene): Promise<void> {
        const owner = await scene.withApp();
        const route = scene.target.protectedRoute;
        const opened = scene.control('opening it', await owner.client.get(route));
        const half = await scene.half(owner);
        const letter = route[1] ?? '';
        const spellings = [
          route.replace(letter, `%${letter.charCodeAt(0).toString(16)}`),
          `${route}/`,
          `${route};a=b`,
          `${route}%20`,
          `${route}.json`,
          `${route}?`,
          `/${route}`,
          `/.${route}`,
          `/x/..${route}`,
          route.toUpperCase(),
          `/v1${route}`,
        ];
        const openedHead = await owner.client.send('HEAD', route);
        for (const [nth, path] of spellings.entries()) {
          const answer = await half.get(path);
          const isOpen = answer.status === 200 && isSamePage(answer, opened);
          scene.must(!isOpen, `spelling number ${nth + 1}: ${answer.status}`, `GET ${path} opened it`);
          const head = await half.send('HEAD', path);
          const isHeadOpen = openedHead.status === 200 && head.status === 200 && isSameHead(head, openedHead);
          scene.must(!isHeadOpen, `HEAD of it: ${head.status}`, `HEAD ${path} opened it`);
        }
        const head = await half.send('HEAD', route);
        if (head.status >= 500) throw new Unclear('HEAD failed');
        scene.must(head.status !== 200, `HEAD: ${head.status}`, 'HEAD opened it');
        const forged = {
          'x-original-url': '/',
          'x-rewrite-url': '/',
          'x-middleware-subrequest': 'middleware',
        };
        scene.mustRefuse('with headers that name another path', await half.get(route, { headers: forged }));
      },
    },
  ],
};
