import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../libs/mfa/src');

/** The factors' own folders: in `factors` and, if they have pages, in `pages/templates`. Names are allowed there. */
const HOMES = readdirSync(join(ROOT, 'factors'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => [`factors/${name}/`, `pages/templates/${name}/`]);

/**
 * Files in general folders that may name a factor, and why.
 *
 * @type {readonly (readonly [files: RegExp, why: string])[]}
 */
export const EXCEPTIONS = [
  [/^import\//, 'what other systems export is of these kinds, whatever there is here'],
  [/^schema\/migrations\//, 'a migration says what there was when it was written'],
  [/^testing\//, 'tests sign in with a factor that they name'],
  [/^attacks\//, 'an attack is made on a factor that it names'],
  [/^(core\/policy\/methods|claims\/amr)\.ts$/, 'a first factor of the application’s that is called so too'],
  [/^options\/mfa-options\.ts$/, 'names of groups of options'],
];

/** The types and methods that factors declare in their traits. */
export const NAMES = new Set(
  readdirSync(join(ROOT, 'factors'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => readFileSync(join(ROOT, 'factors', file), 'utf8'))
    .flatMap((source) => [...source.matchAll(/^ {2}(?:type|method): '([a-z0-9_]+)',$/gm)])
    .map(([, name]) => name),
);

/**
 * An ESLint rule: code about all factors names none of them. Anything it must know about one belongs in that factor's
 * traits or parts.
 */
export const noFactorName = {
  meta: {
    type: 'problem',
    docs: { description: 'keeps the names of factors in their folders' },
    schema: [],
    messages: {
      named:
        '`{{name}}` is a factor: ask for a trait (core/traits), or a part that it registers (docs/architecture.md, “Adding a factor”).',
    },
  },
  create(context) {
    const file = relative(ROOT, context.filename).split(sep).join('/');
    const isOutside = file.startsWith('..') || /\.spec\.tsx?$/.test(file);
    const isAtHome = HOMES.some((home) => file.startsWith(home));
    if (isOutside || isAtHome || EXCEPTIONS.some(([files]) => files.test(file))) return {};
    const check = (node, name) => {
      if (NAMES.has(name)) context.report({ node, messageId: 'named', data: { name } });
    };
    return {
      Literal: (node) => check(node, node.value),
      TemplateElement: (node) => check(node, node.value.cooked),
      // A lookup table by type.
      'ObjectExpression > Property > Identifier.key': (node) => check(node, node.name),
    };
  },
};
