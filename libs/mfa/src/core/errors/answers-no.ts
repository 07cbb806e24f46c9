import { MfaException } from './mfa-exception.js';

/**
 * Returns false for a refusal, where a boolean answer is wanted.
 *
 * @throws any other error, since the answer is then unknown
 */
export function answersNo(error: unknown): false {
  if (error instanceof MfaException && error.getStatus() < 500) return false;
  throw error;
}
