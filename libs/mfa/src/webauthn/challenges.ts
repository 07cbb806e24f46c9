import { Inject, Injectable } from '@nestjs/common';

import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MFA_KEY_RING } from '../crypto/key-ring-token.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { MfaException } from '../errors/mfa-exception.js';
import { CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { ChallengeBinding, ChallengeContent } from './challenge.js';
import { createChallenge, openChallenge } from './challenge.js';
import { ChallengeStore } from './challenge-store.js';
import { readClientData } from './client-data.js';

/** Issues challenges, and uses them up when they come back. */
@Injectable()
export class Challenges {
  constructor(
    @Inject(ChallengeStore) private readonly store: ChallengeStore,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  issue(binding: ChallengeBinding, content: Omit<ChallengeContent, 'expiresAt'>): string {
    return createChallenge(this.keyRing, binding, {
      ...content,
      expiresAt: this.clock.now() + CEREMONY_TIMEOUT_MS,
    });
  }

  /**
   * The challenge of these client data, which is dead from now on, and what it carries.
   *
   * @throws {MfaException} `webauthn_failed` when it is forged, expired, used, of another binding, or from a frame of
   *   another origin
   */
  async use(
    clientDataJSON: string,
    binding: ChallengeBinding,
  ): Promise<{ challenge: string; content: ChallengeContent }> {
    const clientData = readClientData(clientDataJSON);
    const challenge = clientData?.challenge ?? '';
    const content = openChallenge(this.keyRing, binding, challenge, this.clock.now());
    const isFresh = content !== null && (await this.store.burn(challenge, content.expiresAt));
    if (!clientData || !content || !isFresh || clientData.isCrossOrigin)
      throw new MfaException('webauthn_failed');
    return { challenge, content };
  }
}
