/** The message of a thrown `Error`, for the log; empty for anything else that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
