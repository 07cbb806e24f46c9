/** The message of a thrown value, which may be an `Error` of another realm, or no error at all. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
