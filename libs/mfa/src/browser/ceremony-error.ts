import type { MfaClientOnlyCode } from './mfa-client-error.js';
import { MfaClientError } from './mfa-client-error.js';

/** Keyed by the name of the browser's error (WebAuthn Level 3, sections 5.1.3 and 5.1.4). */
const MEANINGS: Record<string, [MfaClientOnlyCode, string]> = {
  AbortError: ['ceremony_cancelled', 'It was cancelled.'],
  NotAllowedError: ['ceremony_cancelled', 'It was cancelled or timed out.'],
  InvalidStateError: ['already_registered', 'This security key is already registered.'],
  NotSupportedError: ['not_supported', 'This security key cannot be used here.'],
  ConstraintError: ['not_supported', 'This security key cannot do what is asked for.'],
};

/** Turns what the browser threw during a ceremony into a client error. */
export function toCeremonyError(cause: unknown): MfaClientError {
  if (cause instanceof MfaClientError) return cause;
  const { name, message } = cause as Error;
  const [code, text] = MEANINGS[name] ?? ['ceremony_failed' as const, message];
  return new MfaClientError(code, text, 0, {}, { cause });
}

export function notSupported(): MfaClientError {
  return new MfaClientError('not_supported', 'This browser has no security keys or passkeys.');
}
