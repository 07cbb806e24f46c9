/** Whether everything is tried (`MFA_TEST_THOROUGH=true`), or of what takes long a part. */
export const THOROUGH = process.env['MFA_TEST_THOROUGH'] === 'true';

/** Which part that is: the build server counts on, so that it sees all of it by and by. */
const TURN = Number(process.env['MFA_TEST_TURN'] ?? 0);

/** Which of so many parts it is this time; the first where everything is tried. */
export function turnOf(parts: number): number {
  return THOROUGH ? 0 : TURN % parts;
}

/** All of the list, or every `of`-th entry (one at least), beginning with another one at each `turn`: so many turns see all of it. */
export function sample<T>(list: readonly T[], of: number, turn = 0): T[] {
  if (THOROUGH) return [...list];
  const every = Math.min(of, list.length);
  return list.filter((_, index) => (index + turn + TURN) % every === 0);
}
