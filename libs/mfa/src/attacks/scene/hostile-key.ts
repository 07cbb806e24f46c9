import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

import type {
  AssertionParts,
  RegistrationParts,
} from '../../core/virtual-authenticators/ceremony-answers.js';
import { assertionAnswer, registrationAnswer } from '../../core/virtual-authenticators/ceremony-answers.js';
import { VirtualSecurityKey } from '../../core/virtual-authenticators/virtual-security-key.js';

/** Replaces parts of what an honest key or browser says; the other parts stay honest. */
type Lie<Parts> = (honest: Parts) => Partial<Parts>;

/** A lie in a key's proof. */
export type ProofLie = Lie<AssertionParts>;

/** A security key whose owner can make it, and the browser around it, say anything. It refuses nothing. */
export class HostileKey extends VirtualSecurityKey {
  /** Like `create()`, with a lie. */
  createWith(options: Record<string, unknown>, lie: Lie<RegistrationParts>): RegistrationResponseJSON {
    // Request options have no relying party or user.
    const parts = this.registration({ rp: {}, user: { id: '' }, ...options } as never);
    return registrationAnswer({ ...parts, ...lie(parts) });
  }

  /** Like `get()`, with a lie. */
  getWith(options: Record<string, unknown>, lie: ProofLie = () => ({})): AuthenticationResponseJSON {
    const parts = this.assertion(options as never);
    return assertionAnswer({ ...parts, ...lie(parts) });
  }
}
