import type { OptionsEnvironment } from './options-environment.js';
import type { Problems } from './problems.js';
import type { MfaProfile, ProfilePreset } from './profiles.js';

/** What an option's default and range may depend on. */
export interface OptionScope extends OptionsEnvironment {
  profile: MfaProfile;
  preset: ProfilePreset;
  /** How the application calls itself elsewhere in the options. */
  siteName: string | undefined;
}

/** How a text, such as an environment variable, is turned into a value. */
export type OptionKind = 'text' | 'number' | 'boolean' | 'list' | 'group' | 'other';

/**
 * One option: its type, its default, what it may be, and how it is read. An option is declared once, in the table of its group, with
 * its meaning as the comment on it: the types of `forRoot()`, the checks at boot, the environment variables of the demo and the
 * table in README.md come from there.
 */
export interface Option<Given, Kept = Given> {
  readonly kind: OptionKind;
  /** The default, as the documents show it. */
  readonly usual: string;
  /** What it may be, as the documents show it. */
  readonly range: string;
  /** For `group`: the options in it. */
  readonly table?: OptionTable;
  read(name: string, value: unknown, problems: Problems, scope: OptionScope): Kept;
  /** Never there: carries the type of what is given. */
  readonly given?: Given;
}

// An option of any type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OptionTable = Readonly<Record<string, Option<any, any>>>;

/** What an application may give. */
export type GivenOf<Table> = {
  -readonly [Name in keyof Table]?: Table[Name] extends Option<infer Given, infer _> ? Given : never;
};

/** What is left after defaults and checks. */
export type KeptOf<Table> = {
  -readonly [Name in keyof Table]: Table[Name] extends Option<infer _, infer Kept> ? Kept : never;
};

type OfScope<T> = T | ((scope: OptionScope) => T);

const valueOf = <T extends number | boolean | string>(of: OfScope<T>, scope: OptionScope): T =>
  typeof of === 'function' ? of(scope) : of;

/** What a default is where it depends on nothing, for the documents. */
const shown = (usual: unknown, instead = ''): string =>
  typeof usual === 'function' ? instead : typeof usual === 'string' ? `\`${usual}\`` : String(usual);

/** A whole number. */
export function integer(
  usual: OfScope<number>,
  from: OfScope<number>,
  to: OfScope<number>,
  words: { usual?: string; from?: string; to?: string } = {},
): Option<number> {
  return {
    kind: 'number',
    usual: words.usual ?? shown(usual),
    range: `${words.from ?? shown(from)} to ${words.to ?? shown(to)}`,
    read: (name, value, problems, scope) =>
      problems.integer(name, value, valueOf(usual, scope), valueOf(from, scope), valueOf(to, scope)),
  };
}

export function toggle(usual: OfScope<boolean>, words?: string): Option<boolean> {
  return {
    kind: 'boolean',
    usual: words ?? shown(usual),
    range: 'true, false',
    read: (name, value, problems, scope) => problems.boolean(name, value, valueOf(usual, scope)),
  };
}

/** One of these words; without a default of its own it is the first. */
export function choice<T extends string>(
  allowed: readonly [T, ...T[]],
  only?: (scope: OptionScope) => readonly T[],
  words?: string,
): Option<T> {
  return {
    kind: 'text',
    usual: shown(allowed[0]),
    range: [allowed.map((one) => `\`${one}\``).join(', '), ...(words ? [words] : [])].join('; '),
    read: (name, value, problems, scope) => {
      const here = only?.(scope) ?? allowed;
      return problems.oneOf(name, value, here[0] ?? allowed[0], here);
    },
  };
}

/** A text that matches the pattern; `must` says in words what that is. */
export function text(
  usual: OfScope<string>,
  pattern: RegExp,
  must: string,
  words?: string,
): Option<string, string> {
  return {
    kind: 'text',
    usual: words ?? shown(usual),
    range: must,
    read: (name, value, problems, scope) => problems.text(name, value, valueOf(usual, scope), pattern, must),
  };
}

/** Like {@link text}, and nothing by default. */
export function optionalText(
  pattern: RegExp,
  must: string,
  words = 'none',
): Option<string, string | undefined> {
  return {
    kind: 'text',
    usual: words,
    range: must,
    read: (name, value, problems) => problems.text(name, value, undefined, pattern, must),
  };
}

/** An option with rules of its own. */
export function special<Given, Kept = Given>(
  option: Omit<Option<Given, Kept>, 'given'>,
): Option<Given, Kept> {
  return option;
}

/** Options that belong together; `finish` holds them against each other, and sees which of them were given. */
export function group<Table extends OptionTable, Given = GivenOf<Table>>(
  table: Table,
  finish?: (
    kept: KeptOf<Table>,
    problems: Problems,
    scope: OptionScope,
    name: string,
    given: Readonly<Record<string, unknown>>,
  ) => void,
): Option<Given, KeptOf<Table>> {
  return {
    kind: 'group',
    usual: '',
    range: '',
    table,
    read: (name, value, problems, scope) => {
      const kept = readGroup(table, name, value, problems, scope);
      finish?.(kept, problems, scope, name, (value ?? {}) as Record<string, unknown>);
      return kept;
    },
  };
}

/** Reads the options of a table; misspelt ones are problems. The name of the outermost is empty. */
export function readGroup<Table extends OptionTable>(
  table: Table,
  name: string,
  value: unknown,
  problems: Problems,
  scope: OptionScope,
): KeptOf<Table> {
  const given = problems.group(name, value);
  const prefix = name === '' ? '' : `${name}.`;
  problems.onlyKnown(prefix, given, Object.keys(table));
  return Object.fromEntries(
    Object.entries(table).map(([key, option]) => [
      key,
      option.read(`${prefix}${key}`, given[key], problems, scope) as unknown,
    ]),
  ) as KeptOf<Table>;
}

/** An option, as tools and documents go through them. */
export interface MfaListedOption {
  /** Such as `rateLimit.lockAfter`. */
  path: string;
  kind: OptionKind;
  usual: string;
  range: string;
}

/** All options of a table, those of its groups too. */
export function listOptions(table: OptionTable, prefix = ''): MfaListedOption[] {
  return Object.entries(table).flatMap(([name, { kind, usual, range, table: inner }]) => [
    ...(kind === 'group' ? [] : [{ path: `${prefix}${name}`, kind, usual, range }]),
    ...(inner ? listOptions(inner, `${prefix}${name}.`) : []),
  ]);
}
