import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { hashToken } from '../core/crypto/tokens.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { TrustCookie } from '../sign-in/trust-cookie.js';
import { TRUST_CLAIM, TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';

/** A trusted browser as shown to its owner. */
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
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * The user's trusted browsers, newest first.
   *
   * @param request determines which one is `current`
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
   * Revokes one of the user's trusted browsers.
   *
   * @param context the request that asked for it; omit it when called by the application itself
   * @throws {MfaException} `not_found`, and the codes of {@link FactorChange.run}
   */
  async revoke(user: MfaUser, id: string, context?: MfaRequest): Promise<void> {
    await this.change.run(user, { context }, ({ userId }) =>
      Promise.resolve({
        keepsFactors: true,
        writes: [this.store.planRevocation(userId, id)],
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: id, reason: 'revoked' } }],
        onLost: { [TRUST_CLAIM]: 'not_found' },
        result: undefined,
      }),
    );
  }

  /**
   * Revokes all of the user's trusted browsers.
   *
   * @param context the request that asked for it; omit it when called by the application itself
   */
  async revokeAll(user: MfaUser, context?: MfaRequest): Promise<void> {
    await this.change.run(user, { context }, ({ userId }) =>
      Promise.resolve({
        keepsFactors: true,
        writes: [this.store.planRevocationOfAll(userId)],
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'revoked' } }],
        result: undefined,
      }),
    );
  }
}
