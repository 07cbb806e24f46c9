import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaMessage } from '../../adapter/message.js';

/** The options of `emailCode()` and `smsCode()`. */
export interface DeliveredCodeOptions {
  /** Sends a code to the user. Default: the adapter's `sendMessage()`. */
  sendMessage?: (message: MfaMessage) => void | Promise<void>;
  /** Number of digits in a code, 6 to 10. Default: 6. */
  digits?: number;
  /** How long a code is valid, in seconds, 60 to 600 (NIST SP 800-63B-4, section 3.1.3.2). Default: 600. */
  ttlSeconds?: number;
  /** How many codes a user can be sent per `windowSeconds`, 1 to 100. Default: 5. */
  maxMessages?: number;
  /** In seconds, 60 to 86400. Default: 600. */
  windowSeconds?: number;
}

/** The additional options of `smsCode()`. */
export interface SmsCodeOptions extends DeliveredCodeOptions {
  /**
   * Whether codes may be sent to this number now. Use it to refuse numbers that were recently ported or had their SIM swapped (NIST SP
   * 800-63B-4, section 3.1.3.3). Called before each message. Default: true.
   */
  acceptNumber?: (phoneNumber: string, user: MfaUser) => boolean | Promise<boolean>;
}

export type ResolvedDeliveredCodeOptions = Required<Omit<DeliveredCodeOptions, 'sendMessage'>> &
  Pick<DeliveredCodeOptions, 'sendMessage'>;

const RANGES = {
  digits: [6, 10, 6],
  ttlSeconds: [60, 600, 600],
  maxMessages: [1, 100, 5],
  windowSeconds: [60, 86_400, 600],
} as const;

/** Fills in the defaults and lists what is wrong. */
export function resolveDeliveredCodes(
  name: string,
  given: DeliveredCodeOptions,
  further: readonly string[] = [],
): { options: ResolvedDeliveredCodeOptions; problems: string[] } {
  const problems: string[] = [];
  const known = ['sendMessage', ...Object.keys(RANGES), ...further];
  for (const key of Object.keys(given)) {
    if (!known.includes(key))
      problems.push(`\`${name}()\` has no option \`${key}\`; the options are ${known.join(', ')}`);
  }
  for (const key of ['sendMessage', ...further]) {
    const value = (given as Record<string, unknown>)[key];
    if (value !== undefined && typeof value !== 'function')
      problems.push(`\`${key}\` of \`${name}()\` must be a function`);
  }
  const read = (key: keyof typeof RANGES): number => {
    const [least, most, usual] = RANGES[key];
    const value = given[key] ?? usual;
    if (!Number.isInteger(value) || value < least || value > most) {
      problems.push(`\`${key}\` of \`${name}()\` must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
  const options = {
    digits: read('digits'),
    ttlSeconds: read('ttlSeconds'),
    maxMessages: read('maxMessages'),
    windowSeconds: read('windowSeconds'),
    ...(given.sendMessage ? { sendMessage: given.sendMessage } : {}),
  };
  return { options, problems };
}
