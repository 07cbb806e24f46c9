import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorTraits } from '../../core/policy/methods.js';
import type { MfaFactorDefinition } from '../../engine/factors/mfa-factor.js';
import type { DeliveredCodeOptions } from '../delivered-codes/delivered-code-options.js';
import { resolveDeliveredCodes } from '../delivered-codes/delivered-code-options.js';
import { DeliveredCodeFactor } from '../delivered-codes/delivered-code.factor.js';

declare module '../../core/policy/factor-types.js' {
  interface MfaFactorTypes {
    email_code: 'email_code';
  }
}

/** Email doesn't prove possession of a device, so it isn't a factor at AAL2 (NIST SP 800-63B-4, section 3.1.3.1). */
const TRAITS: MfaFactorTraits = {
  type: 'email_code',
  channel: 'email',
  refusedBy: ['aal2', 'strict', 'aal3'],
  label: 'E-mail',
  labels: { en: 'Codes by e-mail', de: 'Codes per E-Mail' },
};

/** One address, and nothing that a mail program would read as a list or as a name. */
const ADDRESS = /^[^@\s,;<>\p{Cc}]+@[^@\s,;<>\p{Cc}]+$/u;

/** Keeps the first letter and the domain: `a•••@example.com`. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  const [first = ''] = address;
  return `${first}•••${address.slice(at)}`;
}

class EmailCodeFactor extends DeliveredCodeFactor {
  protected readonly channel = 'email';
  protected readonly missing = 'this account has no e-mail address to which a code could be sent';

  protected destinationOf({ email }: MfaUser): string | null {
    return typeof email === 'string' && ADDRESS.test(email) ? email : null;
  }

  protected mask(destination: string): string {
    return maskEmail(destination);
  }
}

/**
 * Codes by email as a second factor, sent to the address in the application's record (`MfaUser.email`). Weaker than an authenticator app
 * or a key: whoever can read the mailbox, and reset the password with it, has both factors.
 */
export function emailCode(given: DeliveredCodeOptions = {}): MfaFactorDefinition {
  const { options, problems } = resolveDeliveredCodes('emailCode', given);
  return { traits: TRAITS, useFactory: () => new EmailCodeFactor(options), problems };
}
