/** The ways in which Nest makes what an option asks for. */
const WAYS = ['useFactory', 'useClass', 'useExisting'] as const;

/** Returns the ways that are given; there should be exactly one. */
export function waysOf(given: object): (typeof WAYS)[number][] {
  return WAYS.filter((way) => (given as Partial<Record<string, unknown>>)[way] !== undefined);
}
