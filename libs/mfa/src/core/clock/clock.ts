/** The module's source of time. Tests replace it to move time. */
export interface MfaClock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number;
}

/** Injection token of the {@link MfaClock}. */
export const MFA_CLOCK = Symbol.for('nestjs-mfa:CLOCK');

/** The server's own clock. Times sent by clients are never used (ASVS v5.0.0-6.5.8). */
export const systemClock: MfaClock = { now: () => Date.now() };

/**
 * How far in the future a recorded time may be, in milliseconds. Clocks of instances behind one load balancer differ slightly.
 * A record further ahead means that a clock was set back, and then it proves nothing.
 */
export const CLOCK_SKEW_MS = 2_000;

/** Whether `at` is at most `maxAgeSeconds` before `now`. `at` and `now` are in milliseconds. */
export function isWithin(at: number, maxAgeSeconds: number, now: number): boolean {
  return hasHappened(at, now) && now - at <= maxAgeSeconds * 1000;
}

/** Whether `at` is not in the future, apart from the skew. A clock that was set back makes what has happened look as if it hadn't. */
export function hasHappened(at: number, now: number): boolean {
  return at - now <= CLOCK_SKEW_MS;
}
