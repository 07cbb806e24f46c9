import type { SecurityKeySettings } from '../core/virtual-authenticators/virtual-security-key.js';
import { VirtualSecurityKey } from '../core/virtual-authenticators/virtual-security-key.js';
import { assertNotProduction } from './only-for-tests.js';

export type { SecurityKeySettings } from '../core/virtual-authenticators/virtual-security-key.js';

/**
 * A security key or passkey in software, with the browser around it: it answers the ceremonies of WebAuthn Level 3 as a real one
 * does. It holds one credential, and gives no attestation.
 */
export class SoftwareSecurityKey extends VirtualSecurityKey {
  /** @throws {Error} when `NODE_ENV` is `production` */
  constructor(settings: SecurityKeySettings = {}) {
    assertNotProduction('SoftwareSecurityKey');
    super(settings);
  }
}
