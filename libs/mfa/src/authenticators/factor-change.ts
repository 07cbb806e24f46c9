import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { MfaErrorCode } from '../errors/error-codes.js';
import type { EventSource } from '../events/event-source.js';
import type { NewMfaEvent } from '../events/mfa-event.js';
import { MfaJournal } from '../events/mfa-journal.js';
import type { Write } from '../storage/mfa-storage.js';
import { TrustedDeviceStore } from '../trusted-devices/trusted-device-store.js';
import { UserStateService, VERSION_CLAIM } from '../users/user-state.service.js';
import type { Authenticator } from './authenticator.entity.js';
import { AuthenticatorsService } from './authenticators.service.js';

/** What a change is decided on. */
export interface FactorState {
  userId: string;
  /** The user's authenticators, oldest first. */
  authenticators: Authenticator[];
}

/** The statements of a change, and what it results in. */
export interface PlannedChange<T> {
  writes: Write[];
  events: NewMfaEvent[];
  /** Whether the owner of the account is not told. */
  silent?: boolean;
  /** The session that the writes start, when they start one. */
  startedSessionId?: string;
  result: T;
  /** What to answer when a claim among the writes is lost. */
  onLost?: Record<string, MfaErrorCode>;
}

const TRIES = 10;

/**
 * Changes a user's factors. A change is planned on what was read and only happens if no other change came in between;
 * otherwise it is planned anew. So questions like "is this the first factor" or "the last one" have one answer. Any change
 * ends the trust in browsers that was given before.
 */
@Injectable()
export class FactorChange {
  private readonly logger = new Logger(FactorChange.name);

  constructor(
    @Inject(UserStateService) private readonly users: UserStateService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @throws {MfaException} what `plan` throws, the code of a lost claim, or `storage_unavailable` under endless contention */
  async run<T>(
    user: MfaUser,
    source: EventSource,
    plan: (state: FactorState) => Promise<PlannedChange<T>>,
  ): Promise<T> {
    const userId = userIdOf(user);
    for (let tried = 0; tried < TRIES; tried++) {
      // The version is read before the rows: rows that are newer than it make the claim fail, never the reverse.
      const state = await this.users.ensure(userId);
      const authenticators = await this.authenticators.find(userId);
      const planned = await plan({ userId, authenticators });
      const { writes, events, silent = false, startedSessionId, result, onLost = {} } = planned;
      const place = startedSessionId === undefined ? source : { ...source, sessionId: startedSessionId };
      const outcome = await this.journal.commit(
        [
          this.users.claimVersion(state),
          ...writes,
          this.devices.planRevocationOfAll(userId),
          this.users.planFactorCount(userId),
        ],
        { user, source: place, events, silent },
      );
      if (outcome.committed) {
        if (outcome.affected[1 + writes.length]) await this.tellOfLostTrust(user, place);
        return result;
      }
      const code = onLost[outcome.lost];
      if (code) throw new MfaException(code);
      if (outcome.lost !== VERSION_CLAIM)
        throw new Error(`Nobody answers for the lost claim ${outcome.lost}`);
    }
    throw new MfaException('storage_unavailable');
  }

  /** Afterwards, because only the commit tells whether there was any trust to lose. */
  private async tellOfLostTrust(user: MfaUser, source: EventSource): Promise<void> {
    try {
      await this.journal.record({
        user,
        source,
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'factors_changed' } }],
      });
    } catch (error) {
      // The change is done, and its answer may hold recovery codes that are shown this once.
      this.logger.error(
        `The trust in the browsers of user ${userIdOf(user)} ended, and could not be told of: ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
}
