/** The source of time of the whole module; tests replace it to move time. */
export interface MfaClock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number;
}

/** Injection token of the {@link MfaClock}. */
export const MFA_CLOCK = Symbol.for('nestjs-mfa:CLOCK');

/** The server's own clock. No time that a client sends is ever used (ASVS v5.0.0-6.5.8). */
export const systemClock: MfaClock = { now: () => Date.now() };

/**
 * How far in the future a recorded moment may lie, in milliseconds. Instances behind one load balancer differ by
 * a little; a record further ahead means that a clock went backwards, and then it proves nothing.
 */
export const CLOCK_SKEW_MS = 2_000;

/** Whether `at` happened no longer than `maxAgeSeconds` before `now`; all in milliseconds but the age. */
export function isWithin(at: number, maxAgeSeconds: number, now: number): boolean {
  const age = now - at;
  return age >= -CLOCK_SKEW_MS && age <= maxAgeSeconds * 1000;
}
