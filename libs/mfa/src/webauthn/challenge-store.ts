import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { WebAuthnChallenge } from './webauthn-challenge.entity.js';

const SWEEP_EVERY_MS = 60_000;

/** Remembers which challenges came back, so that each is good for one try, right or wrong. */
@Injectable()
export class ChallengeStore {
  private sweptAt: number;

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {
    this.sweptAt = clock.now();
  }

  /** Uses the challenge up; false when it was used before. */
  async burn(challenge: string, expiresAt: number): Promise<boolean> {
    const hash = createHash('sha256').update(challenge).digest('hex');
    const inserted = await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(WebAuthnChallenge)
        .values({ hash, expiresAt: new Date(expiresAt) })
        .orIgnore()
        .updateEntity(false),
    );
    await this.sweep();
    return inserted === 1;
  }

  /** Forgets what has expired, once in a while: an expired challenge is refused without being remembered. */
  private async sweep(): Promise<void> {
    const now = this.clock.now();
    if (now - this.sweptAt < SWEEP_EVERY_MS) return;
    this.sweptAt = now;
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(WebAuthnChallenge)
        .where('expires_at < :now', { now }),
    );
  }
}
