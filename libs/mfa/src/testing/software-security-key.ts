import type { SecurityKeySettings } from '../core/virtual-authenticators/virtual-security-key.js';
import { VirtualSecurityKey } from '../core/virtual-authenticators/virtual-security-key.js';
import { assertNotProduction } from './only-for-tests.js';

export type { SecurityKeySettings } from '../core/virtual-authenticators/virtual-security-key.js';

/**
 * A software security key or passkey, including the browser's part: it performs the WebAuthn Level 3 ceremonies like a
 * real one. It holds one credential and provides no attestation.
 */
export class SoftwareSecurityKey extends VirtualSecurityKey {
  /** @throws {Error} when `NODE_ENV` is `production` */
  constructor(settings: SecurityKeySettings = {}) {
    assertNotProduction('SoftwareSecurityKey');
    super(settings);
  }
}
