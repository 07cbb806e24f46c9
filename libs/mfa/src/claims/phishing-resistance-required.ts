import type { MfaErrorDetails } from '../core/errors/mfa-exception.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { PHISHING_RESISTANT } from './amr.js';

/**
 * `mfa_required` on a route that only a WebAuthn key opens. The challenge says so in the words of RFC 9470, section 3, which
 * the client passes on to the authorization server.
 */
export class PhishingResistanceRequired extends MfaException {
  constructor(details: MfaErrorDetails) {
    super('mfa_required', details);
  }

  override get headers(): Record<string, string> {
    const { 'WWW-Authenticate': challenge, ...others } = super.headers;
    return { ...others, 'WWW-Authenticate': `${challenge}, acr_values="${PHISHING_RESISTANT}"` };
  }
}
