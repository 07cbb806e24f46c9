import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorLock } from '../../engine/authenticators/authenticators.service.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import { nameAuthenticator, MfaJournal } from '../../engine/journal/mfa-journal.js';
import { RefusalLog } from '../../engine/journal/refusal-log.js';
import { RelyingParty } from './relying-party.js';

/** Handles keys whose signature is valid but that are not what they were. */
@Injectable()
export class KeySuspicions {
  private readonly logger = new Logger('MfaKeys');

  constructor(
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Whether keys are refused if their counter goes backwards. */
  get refusesClones(): boolean {
    return this.rp.options.signCount === 'reject';
  }

  /**
   * Handles a counter that went backwards: there may be two copies of the key. They can't be told apart, so both are locked, unless the
   * option is `report`. Of several requests that notice it, one reports it.
   */
  async noteClone(user: MfaUser, authenticator: Authenticator, source: MfaEventSource): Promise<void> {
    this.logger.warn(
      `The signature counter of authenticator ${authenticator.id} went backwards: it may have been cloned`,
    );
    const named = nameAuthenticator(authenticator);
    const cloned: NewMfaEvent = { type: 'mfa.authenticator.cloned', data: { authenticator: named } };
    if (!this.refusesClones) return this.journal.record({ user, source, events: [cloned] });
    const locked: NewMfaEvent = {
      type: 'mfa.authenticator.locked',
      data: { authenticator: named, reason: 'cloned' },
    };
    await this.journal.commit([this.lock.claimCloned(authenticator, new Date(this.clock.now()))], {
      user,
      source,
      events: [cloned, locked],
    });
  }

  /**
   * Handles a change of backup eligibility. It should never change (WebAuthn Level 3, section 7.2, step 19), but password managers that
   * import passkeys, and platform updates, have changed it.
   *
   * @throws {MfaException} `webauthn_failed` with the reason, unless the option is `report`
   */
  noteEligibility(
    user: MfaUser,
    authenticator: Authenticator,
    backupEligible: boolean,
    source: MfaEventSource,
  ): void {
    this.logger.warn(`The backup eligibility of authenticator ${authenticator.id} changed`);
    const data = { authenticator: nameAuthenticator(authenticator), backupEligible };
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.backup_eligibility_changed', data });
    if (this.rp.options.backupEligibilityChange === 'reject') {
      throw new MfaException('webauthn_failed', { reason: 'backup_eligibility_changed' });
    }
  }
}
