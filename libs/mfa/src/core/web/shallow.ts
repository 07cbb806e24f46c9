/** A credential, the deepest of what is sent here, has a handful of levels with all of its extensions. */
const MAX_DEPTH = 20;

/**
 * Whether objects and lists stand in each other no deeper than anything that is meant to be read here. What walks through
 * deeper ones by calling itself, such as class-transformer, runs out of stack.
 */
export function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    );
    if (level.length === 0) return true;
  }
  return false;
}
