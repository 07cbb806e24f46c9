import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorTraits } from '../../core/policy/methods.js';
import type { MfaFactorDefinition } from '../../engine/factors/mfa-factor.js';
import type {
  ResolvedDeliveredCodeOptions,
  SmsCodeOptions,
} from '../delivered-codes/delivered-code-options.js';
import { resolveDeliveredCodes } from '../delivered-codes/delivered-code-options.js';
import { DeliveredCodeFactor } from '../delivered-codes/delivered-code.factor.js';

declare module '../../core/policy/factor-types.js' {
  interface MfaFactorTypes {
    sms_code: 'sms_code';
  }
}

/** A restricted authenticator (NIST SP 800-63B-4, sections 3.1.3.3 and 3.2.9). */
const TRAITS: MfaFactorTraits = {
  type: 'sms_code',
  channel: 'sms',
  amr: ['sms'],
  refusedBy: ['strict', 'aal3'],
  restricted: true,
  label: 'Text message',
  labels: { en: 'Codes by text message', de: 'Codes per SMS' },
};

/** E.164: a plus sign and up to 15 digits. */
const E164 = /^\+[1-9]\d{5,14}$/;

/** Keeps the last four digits: `•••• 1234`. */
export function maskPhoneNumber(number: string): string {
  return `•••• ${number.slice(-4)}`;
}

class SmsCodeFactor extends DeliveredCodeFactor {
  protected readonly channel = 'sms';
  protected readonly missing = 'this account has no telephone number to which a code could be sent';

  constructor(
    options: ResolvedDeliveredCodeOptions,
    private readonly acceptNumber: SmsCodeOptions['acceptNumber'],
  ) {
    super(options);
  }

  protected destinationOf({ phoneNumber }: MfaUser): string | null {
    return typeof phoneNumber === 'string' && E164.test(phoneNumber) ? phoneNumber : null;
  }

  protected mask(destination: string): string {
    return maskPhoneNumber(destination);
  }

  /** Anything but true refuses, since there is no telling what was meant. */
  protected override async accepts(destination: string, user: MfaUser): Promise<boolean> {
    return !this.acceptNumber || (await this.acceptNumber(destination, user)) === true;
  }

  /** Users must be told about the risk before they rely on it (NIST SP 800-63B-4, section 3.2.9). */
  protected override get notice(): Record<string, unknown> {
    return { restricted: true };
  }
}

/**
 * Codes by text message as a second factor, sent to the number in the application's record (`MfaUser.phoneNumber`, E.164). A restricted
 * authenticator: numbers get ported and SIM cards swapped, so a stronger factor must be offered too.
 */
export function smsCode(given: SmsCodeOptions = {}): MfaFactorDefinition {
  const { options, problems } = resolveDeliveredCodes('smsCode', given, ['acceptNumber']);
  return { traits: TRAITS, useFactory: () => new SmsCodeFactor(options, given.acceptNumber), problems };
}
