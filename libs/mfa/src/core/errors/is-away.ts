import { MfaException } from './mfa-exception.js';

/** Whether the database, or what a factor asks, didn't answer or kept giving way to others: a later try may succeed. */
export function isAway(error: unknown): boolean {
  return error instanceof MfaException && (error.code === 'storage_unavailable' || error.code === 'conflict');
}
