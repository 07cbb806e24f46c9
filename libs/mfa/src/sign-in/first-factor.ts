import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../core/clock/clock.js';
import type { AuthenticationRecord, MfaFirstFactor } from '../core/policy/methods.js';
import { firstFactorRecord } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/** The exchange in which the application has checked the first factor, and how. */
export interface MfaFirstFactorExchange extends MfaHttpExchange {
  /**
   * How the user was authenticated: `pwd`, `email`, `sms`, `federated`, `webauthn`, `kerberos`, or a name of the application's
   * own, 1 to 40 characters; not `external`, `trusted_device`, `mfa` or `mca`, which mean more than one factor. It appears in
   * `proven` and in the claim `amr`. A factor whose codes are sent over the same channel is no second factor. Default: `pwd`.
   */
  firstFactor?: MfaFirstFactor | (string & {});
}

/** Names that in sessions and tokens mean something other than a first factor. */
const MORE_THAN_ONE: readonly string[] = ['external', 'trusted_device', 'mfa', 'mca'];

/** What the application has verified about a user before it calls this module, as session records. */
@Injectable()
export class FirstFactors {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * The record of the first factor.
   *
   * @throws {TypeError} when its name is invalid or means more than a first factor
   */
  record({ firstFactor = 'pwd' }: MfaFirstFactorExchange): AuthenticationRecord {
    if (typeof firstFactor !== 'string' || !/^[\w.:-]{1,40}$/.test(firstFactor)) {
      throw new TypeError('`firstFactor` must be a word of 1 to 40 letters, digits, `_`, `.`, `:` or `-`');
    }
    if (MORE_THAN_ONE.includes(firstFactor)) {
      throw new TypeError(
        `\`firstFactor: '${firstFactor}'\` is not a first factor. For single sign-on, use \`federated\`; whether the identity provider checked several factors is for the adapter's \`trustExternalMfa()\` to say`,
      );
    }
    return firstFactorRecord(firstFactor, this.clock.now());
  }

  /** The factors that an identity provider vouches for; none if the adapter has no evidence of them. */
  async external(user: MfaUser, request: object): Promise<AuthenticationRecord[]> {
    const trusted = await this.adapter.trustExternalMfa(user, request);
    const now = this.clock.now();
    if (trusted === true) return [{ method: 'external', at: now }];
    const at = trusted instanceof Date ? trusted.getTime() : NaN;
    // A time that is missing, in the future, or too long ago is no evidence.
    const counts = at <= now && isWithin(at, this.options.externalMfaMaxAgeSeconds, now);
    return counts ? [{ method: 'external', at }] : [];
  }
}
