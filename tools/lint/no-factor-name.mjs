import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../libs/mfa/src');

/** The folders of factors, in `factors` and, where they have pages of their own, in `pages/templates`: there they are at home. */
const HOMES = readdirSync(join(ROOT, 'factors'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => [`factors/${name}/`, `pages/templates/${name}/`]);

/**
 * Files of general folders that name a factor, and why they must.
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

/** The types and methods that the traits of factors declare. */
export const NAMES = new Set(
  readdirSync(join(ROOT, 'factors'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => readFileSync(join(ROOT, 'factors', file), 'utf8'))
    .flatMap((source) => [...source.matchAll(/^ {2}(?:type|method): '([a-z0-9_]+)',$/gm)])
    .map(([, name]) => name),
);

/** An ESLint rule: what is about all factors names none of them. What it needs to know is one of their traits, or a part. */
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
      // A table by type.
      'ObjectExpression > Property > Identifier.key': (node) => check(node, node.name),
    };
  },
};
