/** The message of what was thrown, which another copy of `Error` may have made, or nobody. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
