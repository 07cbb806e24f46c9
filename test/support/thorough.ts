/** Whether to run everything (`MFA_TEST_THOROUGH=true`), rather than a part of what takes long. */
export const THOROUGH = process.env['MFA_TEST_THOROUGH'] === 'true';

/** Which part: the build server increments it, so that all parts are covered over time. */
const TURN = Number(process.env['MFA_TEST_TURN'] ?? 0);

/** Which of that many parts to run this time; the first where everything runs. */
export function turnOf(parts: number): number {
  return THOROUGH ? 0 : TURN % parts;
}

/**
 * The whole list, or every `of`-th entry (at least one), starting at a different entry each `turn`, so that all entries
 * are covered over time.
 */
export function sample<T>(list: readonly T[], of: number, turn = 0): T[] {
  if (THOROUGH) return [...list];
  const every = Math.min(of, list.length);
  return list.filter((_, index) => (index + turn + TURN) % every === 0);
}
