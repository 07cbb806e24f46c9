import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { VisibleKeys } from '../../engine/keys/visible-keys.js';
import { CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { ChallengeBinding, ChallengeContent } from './challenge.js';
import { createChallenge, openChallenge } from './challenge.js';
import { ChallengeStore } from './challenge-store.js';
import { readClientData } from './client-data.js';

/** Issues challenges, and uses them up when they are returned. */
@Injectable()
export class Challenges {
  constructor(
    @Inject(ChallengeStore) private readonly store: ChallengeStore,
    @Inject(VisibleKeys) private readonly keys: VisibleKeys,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async issue(binding: ChallengeBinding, content: Omit<ChallengeContent, 'expiresAt'>): Promise<string> {
    return createChallenge(await this.keys.ring(), binding, {
      ...content,
      expiresAt: this.clock.now() + CEREMONY_TIMEOUT_MS,
    });
  }

  /**
   * Uses up the challenge in this client data and returns it with its content.
   *
   * @throws {MfaException} `webauthn_failed` if it is forged, expired, used, of another binding, or from a frame of another origin
   */
  async use(
    clientDataJSON: string,
    binding: ChallengeBinding,
  ): Promise<{ challenge: string; content: ChallengeContent }> {
    const clientData = readClientData(clientDataJSON);
    const challenge = clientData?.challenge ?? '';
    const content = openChallenge(await this.keys.ring(), binding, challenge, this.clock.now());
    const isFresh = content !== null && (await this.store.burn(challenge, content.expiresAt));
    if (!clientData || !content || !isFresh || clientData.isCrossOrigin)
      throw new MfaException('webauthn_failed');
    return { challenge, content };
  }
}
