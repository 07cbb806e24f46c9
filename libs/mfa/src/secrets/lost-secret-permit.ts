/**
 * Shared by all copies of this package in the process: the CLI is one, and the application it loads may have another.
 * Not an environment variable or option, which could be left set by accident.
 */
const PERMIT = Symbol.for('nestjs-mfa:LOST_SECRET_PERMITTED');

type Holder = Record<typeof PERMIT, boolean | undefined>;

/** Whether an application may boot although a secret that rows depend on is missing. */
export function isLostSecretPermitted(): boolean {
  return (globalThis as unknown as Holder)[PERMIT] === true;
}

/** Allows applications to boot without a lost secret while `work` runs. */
export async function permitLostSecret<T>(work: () => Promise<T>): Promise<T> {
  (globalThis as unknown as Holder)[PERMIT] = true;
  try {
    return await work();
  } finally {
    (globalThis as unknown as Holder)[PERMIT] = false;
  }
}
