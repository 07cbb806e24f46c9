import type { MfaNeeds } from '../core/policy/policy.js';

/** What a route requires of a proof besides type and age. The page that asks for the proof shows it. */
export type PageNeed = keyof MfaNeeds;

const NEEDS: readonly PageNeed[] = ['userVerified', 'deviceBound', 'attested', 'allOf', 'once'];

/** The needs of a refusal, as a link's query; null if there are none. */
export function needsQuery(needs: MfaNeeds | undefined): string | null {
  return needs ? NEEDS.filter((need) => needs[need] !== undefined).join(',') : null;
}

/** The needs named in a query. Unknown ones are ignored, since needs only make a page ask for more. */
export function needsOf(query: string | null): PageNeed[] {
  const named = query?.split(',') ?? [];
  return NEEDS.filter((need) => named.includes(need));
}
