import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

import type {
  AssertionParts,
  RegistrationParts,
} from '../../core/virtual-authenticators/ceremony-answers.js';
import { assertionAnswer, registrationAnswer } from '../../core/virtual-authenticators/ceremony-answers.js';
import { VirtualSecurityKey } from '../../core/virtual-authenticators/virtual-security-key.js';

/** What an attacker's key or browser says in place of the truth; the rest is honest. */
type Lie<Parts> = (honest: Parts) => Partial<Parts>;

/** A lie in the proof of a key. */
export type ProofLie = Lie<AssertionParts>;

/** A security key whose owner can make it, and the browser around it, say anything. It refuses nothing. */
export class HostileKey extends VirtualSecurityKey {
  /** As `create()`, with a lie. */
  createWith(options: Record<string, unknown>, lie: Lie<RegistrationParts>): RegistrationResponseJSON {
    // A request option has no relying party and user of its own.
    const parts = this.registration({ rp: {}, user: { id: '' }, ...options } as never);
    return registrationAnswer({ ...parts, ...lie(parts) });
  }

  /** As `get()`, with a lie. */
  getWith(options: Record<string, unknown>, lie: ProofLie = () => ({})): AuthenticationResponseJSON {
    const parts = this.assertion(options as never);
    return assertionAnswer({ ...parts, ...lie(parts) });
  }
}
