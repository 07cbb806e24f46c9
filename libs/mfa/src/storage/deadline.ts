/**
 * The work's result, or an error when it takes longer. What was sent to the database goes on there, and its connection
 * returns to the pool when it answers: a request that was told "not available" holds nothing, whatever becomes of it.
 *
 * @param milliseconds how long to wait
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
