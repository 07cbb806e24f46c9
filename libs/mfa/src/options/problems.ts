/** Collects everything that is wrong with the options, so that one failed boot lists all there is to fix. */
export class Problems {
  readonly list: string[] = [];

  add(problem: string): void {
    this.list.push(problem);
  }

  /** Returns the value if it is a whole number from `min` to `max`; otherwise adds a problem and returns the default. */
  integer(name: string, value: unknown, fallback: number, min: number, max: number): number {
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.add(`\`${name}\` must be a whole number from ${min} to ${max}; it is ${describe(value)}`);
    return fallback;
  }

  boolean(name: string, value: unknown, fallback: boolean): boolean {
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.add(`\`${name}\` must be true or false; it is ${describe(value)}`);
    return fallback;
  }

  oneOf<T extends string>(name: string, value: unknown, fallback: T, allowed: readonly T[]): T {
    if (value === undefined) return fallback;
    if (allowed.includes(value as T)) return value as T;
    this.add(`\`${name}\` must be one of ${allowed.join(', ')}; it is ${describe(value)}`);
    return fallback;
  }

  /** Returns the value if it matches the pattern; `must` describes the pattern in words. */
  text<T extends string | undefined>(
    name: string,
    value: unknown,
    fallback: T,
    pattern: RegExp,
    must: string,
  ): string | T {
    if (value === undefined) return fallback;
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.add(`\`${name}\` must be ${must}; it is ${describe(value)}`);
    return fallback;
  }

  /** Returns the nested options object. Anything else is a problem and counts as empty. */
  group(name: string, value: unknown): Record<string, unknown> {
    if (value === undefined) return {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    this.add(`\`${name}\` must be an object; it is ${describe(value)}`);
    return {};
  }

  /**
   * Rejects unknown options: a misspelt one that is silently ignored would be a hole nobody notices.
   *
   * @param others further options, which are given elsewhere
   */
  onlyKnown(prefix: string, given: object, known: readonly string[], others: readonly string[] = []): void {
    for (const key of Object.keys(given)) {
      if (!known.includes(key)) {
        this.add(
          `\`${prefix}${key}\` is not an option; the options are ${[...known, ...others].map((name) => prefix + name).join(', ')}`,
        );
      }
    }
  }
}

function describe(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? 'an array'
      : String(value);
}
