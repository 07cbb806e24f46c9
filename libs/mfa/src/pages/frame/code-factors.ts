import { Inject, Injectable } from '@nestjs/common';

import type { MfaType } from '../../core/policy/methods.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { isSent } from '../../engine/factors/void-authenticator.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { FactorChallengeFlow } from '../../factors/plugged/factor-challenge.flow.js';
import { factorLabel } from '../../i18n/factor-label.js';
import type { BegunAnswer } from './begun-setups.js';
import { BegunSetups } from './begun-setups.js';
import { PageLocale } from './page-locale.js';
import type { ChallengingFactor, NamedFactor } from './page-props.js';

/** What a confirmation page shows of the factors of the option `factors`. */
export interface ShownCodeFactors {
  /** Factors whose codes are sent to the user, or asked for by a challenge. */
  sent: ChallengingFactor[];
  /** Factors whose codes the user has at hand. */
  own: NamedFactor[];
  /** The latest challenge of this session. */
  challenge: { type: string; answer: BegunAnswer } | null;
}

/** The factors of the option `factors` on the confirmation pages. */
@Injectable()
export class CodeFactors {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorChallengeFlow) private readonly challenges: FactorChallengeFlow,
    @Inject(BegunSetups) private readonly begun: BegunSetups,
    @Inject(PageLocale) private readonly locale: PageLocale,
  ) {}

  /** What to show of these factors if these types are accepted. */
  async show(context: MfaRequest, types: readonly MfaType[]): Promise<ShownCodeFactors> {
    const words = await this.locale.wordsFor(context);
    const named = types
      .filter((type) => this.registry.find(type))
      .map((type) => ({ type, label: factorLabel(type, words) }));
    const challenges = ({ type }: NamedFactor) => 'challenge' in (this.registry.find(type) ?? {});
    return {
      sent: named.filter(challenges).map((one) => ({ ...one, isMessage: isSent(one.type) })),
      own: named.filter((one) => !challenges(one)),
      challenge: await this.begun.readChallenge(context),
    };
  }

  /**
   * Challenges the user. The page on which the code is entered shows where it was sent, or what is asked.
   *
   * @throws {MfaException} like {@link FactorChallengeFlow.challenge}
   */
  async send(context: MfaRequest, type: MfaType, response: object): Promise<void> {
    const answer = await this.challenges.challenge(context, type);
    await this.begun.putChallenge(response, context, type, answer);
  }
}
