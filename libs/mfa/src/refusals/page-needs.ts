import type { MfaNeeds } from '../core/policy/policy.js';

/** What a route demands of a proof besides its type and age. The page that asks for the proof says so. */
export type PageNeed = keyof MfaNeeds;

const NEEDS: readonly PageNeed[] = ['userVerified', 'deviceBound', 'attested', 'allOf', 'once'];

/** The needs of a refusal for the query of a link; null where there are none. */
export function needsQuery(needs: MfaNeeds | undefined): string | null {
  return needs ? NEEDS.filter((need) => needs[need] !== undefined).join(',') : null;
}

/** The needs that a query names; whatever else is in it counts for nothing, since they only make a page ask for more. */
export function needsOf(query: string | null): PageNeed[] {
  const named = query?.split(',') ?? [];
  return NEEDS.filter((need) => named.includes(need));
}
