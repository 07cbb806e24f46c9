import type { MfaListedOption, MfaBehaviourOptions, MfaStructuralOptions } from 'nestjs-mfa';
import { listMfaOptions } from 'nestjs-mfa';

type Kind = MfaListedOption['kind'];

/** Options that shape the module, which the library does not list. */
const STRUCTURAL: readonly (readonly [path: string, kind: Kind])[] = [
  ['factors', 'list'],
  ['path', 'text'],
  ['controllers', 'boolean'],
  ['pages', 'boolean'],
  ['globalGuard', 'boolean'],
];

/** Every option that an environment variable can set, by its path. */
const OPTIONS = new Map<string, Kind>([
  ...listMfaOptions().map(({ path, kind }) => [path, kind] as const),
  ...STRUCTURAL,
]);

/** The variable of an option: `rateLimit.lockAfter` is `MFA_RATE_LIMIT_LOCK_AFTER`. */
export function variableOf(path: string): string {
  return `MFA_${path
    .replace(/([A-Z])/g, '_$1')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

type Tree = Record<string, unknown>;

/** The options that the `MFA_*` variables set; what is wrong with their values is the library's to say. */
export function readMfaEnvironment(
  environment: NodeJS.ProcessEnv,
): Partial<MfaBehaviourOptions> & MfaStructuralOptions {
  const options: Tree = {};
  for (const [path, kind] of OPTIONS) {
    const value = environment[variableOf(path)];
    if (value !== undefined && value !== '') assign(options, path.split('.'), convert(value, kind));
  }
  return options;
}

/** The `MFA_*` variables that set nothing: most likely misspelt. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set([...OPTIONS.keys()].map(variableOf));
  return Object.keys(environment).filter(
    (name) => name.startsWith('MFA_') && !name.startsWith('MFA_TEST_') && !known.has(name),
  );
}

function convert(value: string, kind: Kind): unknown {
  // What is no number is named as it was written.
  if (kind === 'number') return Number.isNaN(Number(value)) ? value : Number(value);
  if (kind === 'list') return value.split(',').map((item) => item.trim());
  if (kind === 'text') return value;
  return (
    ({ true: true, '1': true, false: false, '0': false } as Record<string, boolean>)[value.toLowerCase()] ??
    value
  );
}

function assign(tree: Tree, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    // `MFA_SESSION_COOKIE=true` only says that there is a cookie; its details may follow.
    tree[key] = key === 'cookie' && value === true ? {} : value;
    return;
  }
  if (typeof tree[key] !== 'object' || tree[key] === null) tree[key] = {};
  assign(tree[key] as Tree, rest, value);
}
