import { MfaException } from './mfa-exception.js';

/**
 * False for a refusal, where only yes or no is asked for.
 *
 * @throws what is no refusal: nobody knows the answer then
 */
export function answersNo(error: unknown): false {
  if (error instanceof MfaException && error.getStatus() < 500) return false;
  throw error;
}
