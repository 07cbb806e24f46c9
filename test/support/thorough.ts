/** Whether everything is tried, as the build server does (`MFA_TEST_THOROUGH=true`), or what takes long only in part. */
export const THOROUGH = process.env['MFA_TEST_THOROUGH'] === 'true';

/** All of the list, or every `of`-th entry, beginning with another one at each `turn`: so many turns see all of it. */
export function sample<T>(list: readonly T[], of: number, turn: number): T[] {
  return THOROUGH ? [...list] : list.filter((_, index) => (index + turn) % of === 0);
}
