import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { WebAuthnChallenge } from './webauthn-challenge.entity.js';

/** Remembers which challenges were returned, so that each can be tried only once, right or wrong. */
@Injectable()
export class ChallengeStore {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  /** Uses up the challenge; false if it was used before. */
  async burn(challenge: string, expiresAt: number): Promise<boolean> {
    const hash = createHash('sha256').update(challenge).digest('hex');
    const inserted = await this.storage.write(
      this.storage.statements.insertion(WebAuthnChallenge, [{ hash, expiresAt: new Date(expiresAt) }], {
        orIgnore: true,
      }),
    );
    return inserted === 1;
  }
}
