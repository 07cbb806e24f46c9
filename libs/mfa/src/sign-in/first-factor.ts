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
   * How the user was recognised: `pwd`, `email`, `sms`, `federated`, `webauthn`, `kerberos`, or a word of the application's, 1 to 40
   * characters; not `external`, `trusted_device`, `mfa` or `mca`, which mean more than one factor. It is what `proven` and the claim `amr`
   * say, and a factor whose codes come over the same channel is no second one. Default: `pwd`.
   */
  firstFactor?: MfaFirstFactor | (string & {});
}

/** What sessions and tokens call something else by than the first factor. */
const MORE_THAN_ONE: readonly string[] = ['external', 'trusted_device', 'mfa', 'mca'];

/** What the application has seen of a user before it calls this module, as records of a session. */
@Injectable()
export class FirstFactors {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * By what the user was recognised.
   *
   * @throws {TypeError} when the word for it is none, or one that means more than a first factor
   */
  record({ firstFactor = 'pwd' }: MfaFirstFactorExchange): AuthenticationRecord {
    if (typeof firstFactor !== 'string' || !/^[\w.:-]{1,40}$/.test(firstFactor)) {
      throw new TypeError('`firstFactor` is a word of 1 to 40 letters, digits, `_`, `.`, `:` or `-`');
    }
    if (MORE_THAN_ONE.includes(firstFactor)) {
      throw new TypeError(
        `\`firstFactor: '${firstFactor}'\` is no first factor. For single sign-on it is \`federated\`; that the identity provider has asked for several factors is what \`trustExternalMfa()\` of the adapter says`,
      );
    }
    return firstFactorRecord(firstFactor, this.clock.now());
  }

  /** The factors that an identity provider vouches for; none where the adapter has no evidence of any. */
  async external(user: MfaUser, request: object): Promise<AuthenticationRecord[]> {
    const trusted = await this.adapter.trustExternalMfa(user, request);
    const now = this.clock.now();
    if (trusted === true) return [{ method: 'external', at: now }];
    const at = trusted instanceof Date ? trusted.getTime() : NaN;
    // A moment in the future, none, or one too long ago is no evidence.
    const counts = at <= now && isWithin(at, this.options.externalMfaMaxAgeSeconds, now);
    return counts ? [{ method: 'external', at }] : [];
  }
}
