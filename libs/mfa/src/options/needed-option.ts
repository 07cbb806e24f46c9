import type { MfaType } from '../core/policy/methods.js';
import { BUILT_IN_TRAITS } from '../factors/traits/built-in.js';

type BuiltIn = (typeof BUILT_IN_TRAITS)[number];

/** An option group that may be absent; a factor type that needs it is then unavailable. */
export type NeededOption = Extract<BuiltIn, { needsOption: string }>['needsOption'];

const NEEDED: ReadonlyMap<MfaType, NeededOption> = new Map(
  BUILT_IN_TRAITS.flatMap((traits): [MfaType, NeededOption][] =>
    'needsOption' in traits ? [[traits.type, traits.needsOption]] : [],
  ),
);

/** The group of options that the type needs and that isn't set; undefined if nothing is missing. */
export function missingOption(
  type: MfaType,
  given: Readonly<Partial<Record<NeededOption, unknown>>>,
): NeededOption | undefined {
  const option = NEEDED.get(type);
  return option !== undefined && (given[option] ?? null) === null ? option : undefined;
}
