import type { MfaListedOption, MfaBehaviourOptions, MfaStructuralOptions } from 'nestjs-mfa';
import { listMfaOptions } from 'nestjs-mfa';

type Kind = MfaListedOption['kind'];

/** Options that shape the module; `listMfaOptions()` doesn't include them. */
const STRUCTURAL: readonly (readonly [path: string, kind: Kind])[] = [
  ['factors', 'list'],
  ['path', 'text'],
  ['controllers', 'boolean'],
  ['pages', 'boolean'],
  ['globalGuard', 'boolean'],
];

/** Every option that an environment variable can set, by path. */
const OPTIONS = new Map<string, Kind>([
  ...listMfaOptions().map(({ path, kind }) => [path, kind] as const),
  ...STRUCTURAL,
]);

/** The environment variable of an option: `rateLimit.lockAfter` becomes `MFA_RATE_LIMIT_LOCK_AFTER`. */
export function variableOf(path: string): string {
  return `MFA_${path
    .replace(/([A-Z])/g, '_$1')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

type Tree = Record<string, unknown>;

/** Reads the options that `MFA_*` variables set. The library validates their values. */
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

/** The `MFA_*` variables that set no option, most likely because of a typo. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set([...OPTIONS.keys()].map(variableOf));
  return Object.keys(environment).filter(
    (name) => name.startsWith('MFA_') && !name.startsWith('MFA_TEST_') && !known.has(name),
  );
}

function convert(value: string, kind: Kind): unknown {
  // Invalid numbers are passed on as text, so that the library's error can quote them.
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
    // `MFA_SESSION_COOKIE=true` only enables the cookie; other variables may set its details.
    tree[key] = key === 'cookie' && value === true ? {} : value;
    return;
  }
  if (typeof tree[key] !== 'object' || tree[key] === null) tree[key] = {};
  assign(tree[key] as Tree, rest, value);
}
