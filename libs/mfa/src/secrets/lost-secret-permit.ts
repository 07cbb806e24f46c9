/**
 * Shared by all copies of this package in the process: the command line is one, and the application that it loads may have
 * another. No environment variable and no option, which somebody could leave set.
 */
const PERMIT = Symbol.for('nestjs-mfa:LOST_SECRET_PERMITTED');

type Holder = Record<typeof PERMIT, boolean | undefined>;

/** Whether an application may boot although a secret is missing that rows hang on. */
export function isLostSecretPermitted(): boolean {
  return (globalThis as unknown as Holder)[PERMIT] === true;
}

/** Lets an application boot without a secret that is lost, as long as the work takes. */
export async function permitLostSecret<T>(work: () => Promise<T>): Promise<T> {
  (globalThis as unknown as Holder)[PERMIT] = true;
  try {
    return await work();
  } finally {
    (globalThis as unknown as Holder)[PERMIT] = false;
  }
}
