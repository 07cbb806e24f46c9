import { MfaException } from '../../core/errors/mfa-exception.js';
import { isShallow } from '../../core/web/http-message.js';

const MAX_LENGTH = 100_000;

/**
 * Parses the credential that the script put into the form as JSON. Its contents are validated later.
 *
 * @throws {MfaException} `webauthn_failed`, as for any other failed ceremony
 */
export function parseCredential(field: unknown): unknown {
  if (typeof field === 'string' && field.length <= MAX_LENGTH) {
    try {
      const credential: unknown = JSON.parse(field);
      if (typeof credential === 'object' && credential !== null && isShallow(credential)) return credential;
    } catch {
      // Refused below, like any other text that isn't a credential.
    }
  }
  throw new MfaException('webauthn_failed');
}
