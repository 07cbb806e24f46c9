/** The time is up. The work may still complete. */
export class TooLateError extends Error {}

const doubtful = new WeakSet<object>();

/** Runs the statement with which a commit takes effect. If it fails, nobody may know whether it took effect. */
export async function takingEffect<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    if (error instanceof Object) doubtful.add(error);
    throw error;
  }
}

/**
 * Whether a commit that failed with this error may have happened all the same: the answer to its last statement is missing, or
 * didn't come in time.
 */
export function isInDoubt(error: unknown): boolean {
  return error instanceof TooLateError || (error instanceof Object && doubtful.has(error));
}
