import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { hashToken } from '../crypto/token.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { EventSource } from '../events/event-source.js';
import { APPLICATION_SOURCE } from '../events/event-source.js';
import { MfaJournal } from '../events/mfa-journal.js';
import { TrustCookie } from './trust-cookie.js';
import { TrustedDeviceStore } from './trusted-device-store.js';

/** A trusted browser as its owner sees it. */
export interface TrustedDeviceView {
  id: string;
  userAgent: string | null;
  ip: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
  expiresAt: Date;
  /** Whether the request comes from this browser. */
  current: boolean;
}

/** Lists and revokes trusted browsers. */
@Injectable()
export class TrustedDevicesService {
  constructor(
    @Inject(TrustedDeviceStore) private readonly store: TrustedDeviceStore,
    @Inject(TrustCookie) private readonly cookie: TrustCookie,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The user's trusted browsers, the newest first.
   *
   * @param request tells which of them is `current`
   */
  async list(user: Pick<MfaUser, 'id'>, request?: object): Promise<TrustedDeviceView[]> {
    const presented = request ? this.cookie.read(request).map(hashToken) : [];
    const devices = await this.store.find(userIdOf(user), this.clock.now());
    return devices.map(({ id, userAgent, ip, createdAt, lastUsedAt, expiresAt, tokenHash }) => {
      const current = presented.includes(tokenHash);
      return { id, userAgent, ip, createdAt, lastUsedAt, expiresAt, current };
    });
  }

  /**
   * Revokes one of the user's browsers.
   *
   * @throws {MfaException} `not_found`
   */
  async revoke(user: MfaUser, id: string, source: EventSource = APPLICATION_SOURCE): Promise<void> {
    const result = await this.journal.commit([this.store.planRevocation(userIdOf(user), id)], {
      user,
      source,
      events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: id, reason: 'revoked' } }],
    });
    if (!result.committed) throw new MfaException('not_found');
  }

  /** Revokes all of the user's browsers. */
  async revokeAll(user: MfaUser, source: EventSource = APPLICATION_SOURCE): Promise<void> {
    await this.journal.commit([this.store.planRevocationOfAll(userIdOf(user))], {
      user,
      source,
      events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'revoked' } }],
    });
  }
}
