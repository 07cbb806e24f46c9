import { Inject, Injectable } from '@nestjs/common';

import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { replaceToken } from './former-tokens.js';
import { isGenuineTrustedDevice, sealTrustedDevice } from './trusted-device-seal.js';
import { TrustedDevice } from './trusted-device.entity.js';

/** The claim that is lost when a trusted browser was revoked, or used by another request, after it was read. */
export const TRUST_CLAIM = 'trusted-device';

/** The table of trusted browsers. */
@Injectable()
export class TrustedDeviceStore {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** The user's browsers with genuine, unexpired trust, newest first. */
  async find(userId: string, now: number): Promise<TrustedDevice[]> {
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(TrustedDevice, 'd')
        .where('d.userId = :userId', { userId })
        .orderBy('d.createdAt', 'DESC')
        .limit(this.options.trustedDevices.maxPerUser)
        .getMany(),
    );
    return rows.filter((row) => row.expiresAt.getTime() > now && isGenuineTrustedDevice(this.keyRing, row));
  }

  /** Stores a new browser and removes the user's oldest ones beyond the limit. */
  planInsertion(device: Omit<TrustedDevice, 'seal'>): Write[] {
    const row = { ...device, seal: sealTrustedDevice(this.keyRing, device) };
    const insertion = this.storage.statements.insertion(TrustedDevice, [row]);
    return [{ query: insertion }, this.planTrimming(device.userId)];
  }

  /** Replaces the token of a browser that is used: of two uses of one token, one wins. */
  claimUse(
    device: TrustedDevice,
    { tokenHash, ...next }: Pick<TrustedDevice, 'tokenHash' | 'lastUsedAt' | 'ip' | 'userAgent'>,
    now: number,
  ): Write {
    const seal = sealTrustedDevice(this.keyRing, { ...device, tokenHash });
    return {
      claim: TRUST_CLAIM,
      query: this.storage.statements.update(
        TrustedDevice,
        { ...next, ...replaceToken(device, tokenHash), seal },
        'id = :id AND token_hash = :seen AND expires_at > :now',
        { id: device.id, seen: device.tokenHash, now },
      ),
    };
  }

  /** Revokes a browser as it was read. The claim is lost if it was used or revoked since. */
  claimRevocation({ id, tokenHash }: TrustedDevice): Write {
    return {
      claim: TRUST_CLAIM,
      query: this.deletion().where('id = :id AND token_hash = :seen', { id, seen: tokenHash }),
    };
  }

  /** Revokes one of the user's browsers. If several requests do, one wins. */
  planRevocation(userId: string, id: string): Write {
    return {
      claim: TRUST_CLAIM,
      query: this.deletion().where('id = :id AND user_id = :userId', { id, userId }),
    };
  }

  /** Revokes all of the user's browsers. */
  planRevocationOfAll(userId: string): Write {
    return { query: this.deletion().where('user_id = :userId', { userId }) };
  }

  /**
   * Revokes all of the user's browsers, both before and after the writes that end sessions. The first revocation waits for a
   * sign-in that such a browser is completing, or makes it lose its claim, so no session can start between the end of the
   * sessions and that of the trust. The second one revokes any trust that a sign-in gave while the first one waited for it.
   */
  planRevocationAround(userId: string, writes: readonly Write[]): Write[] {
    return [this.planRevocationOfAll(userId), ...writes, this.planRevocationOfAll(userId)];
  }

  private planTrimming(userId: string): Write {
    const { maxPerUser } = this.options.trustedDevices;
    const newest = this.storage.dataSource
      .createQueryBuilder()
      .select('d.id', 'id')
      .from(TrustedDevice, 'd')
      .where('d.user_id = :userId', { userId })
      .orderBy('d.created_at', 'DESC')
      .addOrderBy('d.id')
      .limit(maxPerUser);
    // Nested because MySQL supports neither LIMIT within IN nor a subquery on the table it deletes from.
    return {
      query: this.deletion()
        .where('user_id = :userId', { userId })
        .andWhere(`id NOT IN (SELECT kept.id FROM (${newest.getQuery()}) kept)`),
    };
  }

  private deletion() {
    return this.storage.dataSource.createQueryBuilder().delete().from(TrustedDevice);
  }
}
