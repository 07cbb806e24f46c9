import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { Clock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { Lease } from './lease.entity.js';

/** Hands work to one instance at a time. An instance that dies holds its lease until it expires, and no longer. */
@Injectable()
export class Leases {
  private readonly holder = randomUUID();

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes or prolongs the lease; false when another instance holds it. */
  async take(name: string, milliseconds: number): Promise<boolean> {
    const now = this.clock.now();
    const expiresAt = new Date(now + milliseconds);
    const taken = await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(Lease)
        .set({ holder: this.holder, expiresAt })
        .where('name = :name AND (expires_at <= :now OR holder = :holder)', {
          name,
          now,
          holder: this.holder,
        }),
    );
    if (taken === 1) return true;
    const made = await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(Lease)
        .values({ name, holder: this.holder, expiresAt })
        .orIgnore()
        .updateEntity(false),
    );
    return made === 1;
  }

  /** Gives it back, for the next one to take. */
  async giveBack(name: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(Lease)
        .where('name = :name AND holder = :holder', { name, holder: this.holder }),
    );
  }
}
