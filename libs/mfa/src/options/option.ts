import { SHAPING_OPTIONS } from './shaping-options.js';
import type { OptionsEnvironment } from './options-environment.js';
import type { Problems } from './problems.js';
import type { MfaProfile, ProfilePreset } from './profiles.js';

/** What an option's default and range can depend on. */
export interface OptionScope extends OptionsEnvironment {
  profile: MfaProfile;
  preset: ProfilePreset;
  /** The application's name, as another option gives it. */
  siteName: string | undefined;
}

/** How to parse the option's value from text, such as an environment variable. */
export type OptionKind = 'text' | 'number' | 'boolean' | 'list' | 'group' | 'other';

/**
 * One option: its type, default, range, and how it is read. Each option is declared once, in the table of its group, and documented by
 * the comment on it. The types of `forRoot()`, the checks at boot, the demo's environment variables and the table in README.md all derive
 * from these declarations.
 */
export interface Option<Given, Kept = Given> {
  readonly kind: OptionKind;
  /** The default, as shown in the documentation. */
  readonly usual: string;
  /** The allowed values, as shown in the documentation. */
  readonly range: string;
  /** For `group`: the options in it. */
  readonly table?: OptionTable;
  read(name: string, value: unknown, problems: Problems, scope: OptionScope): Kept;
  /** Never set; carries the type of the given value. */
  readonly given?: Given;
}

// An option of any type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OptionTable = Readonly<Record<string, Option<any, any>>>;

/** The type of the options that an application passes in. */
export type GivenOf<Table> = {
  -readonly [Name in keyof Table]?: Table[Name] extends Option<infer Given, infer _> ? Given : never;
};

/** The type of the options after defaults and checks. */
export type KeptOf<Table> = {
  -readonly [Name in keyof Table]: Table[Name] extends Option<infer _, infer Kept> ? Kept : never;
};

type OfScope<T> = T | ((scope: OptionScope) => T);

const valueOf = <T extends number | boolean | string>(of: OfScope<T>, scope: OptionScope): T =>
  typeof of === 'function' ? of(scope) : of;

/** A default as shown in the documentation; `instead` if it is computed. */
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

/** One of the given words. Without another default, it is the first. */
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

/** A text that matches the pattern; `must` describes the pattern in words. */
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

/** Like {@link text}, but not set by default. */
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

/** An option with its own way of reading its value. */
export function special<Given, Kept = Given>(
  option: Omit<Option<Given, Kept>, 'given'>,
): Option<Given, Kept> {
  return option;
}

/** A group of options. `finish` checks them against each other and sees which of them were given. */
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

/** Reads the options of a table. Unknown names are problems. The outermost table's name is empty. */
export function readGroup<Table extends OptionTable>(
  table: Table,
  name: string,
  value: unknown,
  problems: Problems,
  scope: OptionScope,
): KeptOf<Table> {
  const given = problems.group(name, value);
  const prefix = name === '' ? '' : `${name}.`;
  problems.onlyKnown(prefix, given, Object.keys(table), name === '' ? SHAPING_OPTIONS : []);
  return Object.fromEntries(
    Object.entries(table).map(([key, option]) => [
      key,
      option.read(`${prefix}${key}`, given[key], problems, scope) as unknown,
    ]),
  ) as KeptOf<Table>;
}

/** An option as tools and documentation see it. */
export interface MfaListedOption {
  /** For example `rateLimit.lockAfter`. */
  path: string;
  kind: OptionKind;
  usual: string;
  range: string;
}

/** Lists all options of a table, including those of nested groups. */
export function listOptions(table: OptionTable, prefix = ''): MfaListedOption[] {
  return Object.entries(table).flatMap(([name, { kind, usual, range, table: inner }]) => [
    ...(kind === 'group' ? [] : [{ path: `${prefix}${name}`, kind, usual, range }]),
    ...(inner ? listOptions(inner, `${prefix}${name}.`) : []),
  ]);
}
