import { MfaException } from '../../core/errors/mfa-exception.js';
import { isShallow } from '../../core/web/http-message.js';

const MAX_LENGTH = 100_000;

/**
 * The credential that the script put into the form, as JSON. What is inside is checked by the mechanism.
 *
 * @throws {MfaException} `webauthn_failed`, as for any other ceremony that failed
 */
export function parseCredential(field: unknown): unknown {
  if (typeof field === 'string' && field.length <= MAX_LENGTH) {
    try {
      const credential: unknown = JSON.parse(field);
      if (typeof credential === 'object' && credential !== null && isShallow(credential)) return credential;
    } catch {
      // Refused below, like every other text that is no credential.
    }
  }
  throw new MfaException('webauthn_failed');
}
