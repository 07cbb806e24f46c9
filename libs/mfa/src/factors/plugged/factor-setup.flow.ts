import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import { UserStateService } from '../../engine/users/user-state.service.js';
import { CODE_INPUT_MESSAGE, CODE_INPUT_PATTERN, normalizeCode } from '../../engine/factors/typed-code.js';
import { FactorChange } from '../../engine/changes/factor-change.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import { AttemptLimiter } from '../../engine/users/attempt-limiter.js';
import { isOverSameChannel } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import {
  FactorData,
  assertProof,
  isProof,
  ownClaim,
  ownClaims,
  ownWrites,
} from '../../engine/factors/factor-judge.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { FACTOR_SETUP_CLAIM, FactorRows } from '../../engine/factors/factor-rows.js';
import type { MfaFactor } from '../../engine/factors/mfa-factor.js';
import { findVoid, hasRoom, isSent } from '../../engine/factors/void-authenticator.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';

/** The data that completes a set-up. */
export interface MfaFactorActivation {
  code: string;
  /** The authenticator's name. Default: the adapter generates one. */
  name?: string;
  /** Whether to end the user's other sessions. Default: false; with the first second factor they always end. */
  endOtherSessions?: boolean;
}

/** Sets up the factors of the option `factors`. */
@Injectable()
export class FactorSetupFlow {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorRows) private readonly rows: FactorRows,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(UserStateService) private readonly users: UserStateService,
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
  ) {}

  /** @throws {MfaException} `not_found` if there is no such factor, or it isn't offered; `unverified_email` */
  assertMayEnroll(user: MfaUser, type: MfaType): void {
    this.offeredTo(user, type);
  }

  /**
   * Begins a set-up that belongs to the session of the request. It replaces an earlier one.
   *
   * @param body the fields that the factor expects
   * @returns what to show the user
   * @throws {MfaException} `not_found`, `unverified_email`, `already_enabled`, whatever the factor throws, and the codes of
   *   {@link FactorChange.run}
   */
  async begin(
    given: MfaUser,
    type: MfaType,
    body: Readonly<Record<string, unknown>>,
    context?: MfaRequest,
  ): Promise<object> {
    // A request identifies the user but doesn't say where to reach them; application code passes a user that does.
    const user = context ? await this.registry.onRecord(given, [type]) : given;
    const factor = this.factorOf(user, type, context);
    const userId = userIdOf(user);
    const { state, authenticators } = await this.accounts.find(userId);
    // Check before sending anything: messages may cost money and can't be undone.
    const replaced = await findVoid(user, { type, factor }, authenticators, this.data);
    this.assertRoom(type, authenticators, replaced);
    if (replaced !== null) await this.adding.assertReplaceable(authenticators, { type, id: replaced });
    // Messages are counted in the user's state.
    if (!state) await this.users.ensure(userId, context?.authenticatedSession ?? null);
    const sessionId = sessionIdOf(context);
    const { data, expiresAt, answer } = await factor.begin({ user, sessionId }, body);
    const id = randomUUID();
    const setup = {
      userId,
      type,
      id,
      data: await this.data.encrypt(data, { id, userId, type }),
      sessionId,
      expiresAt,
    };
    await this.change.run(user, { context, purpose: 'adding', isKept: true }, (current) => {
      this.assertRoom(type, current.authenticators, replaced);
      return Promise.resolve({
        keepsFactors: true,
        writes: [this.rows.planSetup(setup)],
        events: [],
        result: undefined,
      });
    });
    return answer;
  }

  /**
   * Completes the set-up with the first code, which is then used up.
   *
   * @throws {MfaException} `no_pending_setup`, `incorrect_code`, `invalid_request`, `too_many_attempts`, `already_enabled`
   */
  async activate(
    given: MfaUser,
    type: MfaType,
    { code, name, endOtherSessions = false }: MfaFactorActivation,
    context?: MfaRequest,
  ): Promise<MfaAddedFactor> {
    const user = context ? await this.registry.onRecord(given, [type]) : given;
    const factor = this.factorOf(user, type, context);
    if (typeof code !== 'string' || !CODE_INPUT_PATTERN.test(code)) {
      throw new MfaException('invalid_request', { message: [CODE_INPUT_MESSAGE] });
    }
    const userId = userIdOf(user);
    const sessionId = sessionIdOf(context);
    const setup = await this.rows.findSetup(userId, type, sessionId);
    if (!setup) throw new MfaException('no_pending_setup');
    const attempt = await this.limiter.take(user, context?.source ?? APPLICATION_SOURCE, { isKept: true });
    const { id } = setup;
    const failure: NewMfaEvent = { type: 'mfa.enrollment.failed', data: { type } };
    const proof = await this.limiter.judging(attempt, failure, async () => {
      const data = await this.data.decrypt(setup.data, setup);
      return factor.activate(normalizeCode(code), { data, authenticatorId: id }, { user, sessionId });
    });
    if (!isProof(proof)) {
      await this.limiter.failed(attempt, failure);
      if (proof !== 'wrong') assertProof(type, proof);
      throw new MfaException('incorrect_code');
    }
    const { data = '', step: lastStep = null, remaining = null } = proof;
    try {
      const replaces = await this.findReplaced(user, factor, type);
      return await this.adding.add(
        user,
        {
          authenticator: {
            id,
            userId,
            type,
            lastStep,
            remaining,
            data: await this.data.keep(data, setup),
            ...(name === undefined ? {} : { name }),
          },
          claims: [this.rows.claimSetup(setup)],
          onLost: { [FACTOR_SETUP_CLAIM]: 'no_pending_setup', [ownClaim(type)]: 'incorrect_code' },
          replaces,
          check: ({ authenticators }) => this.assertRoom(type, authenticators, replaces),
          ownClaims: ownClaims(type, proof),
          along: [...ownWrites(proof), this.limiter.refund(attempt)],
          endOtherSessions,
        },
        context,
      );
    } catch (error) {
      if (error instanceof MfaException && error.code === 'incorrect_code') {
        // A condition that the factor added to the commit failed. This counts as a wrong guess.
        await this.limiter.failed(attempt, failure);
      } else if (error instanceof MfaException) {
        // The code was right, but another request was faster or the session ended. This isn't a guess.
        await this.limiter.giveBackAfter(error, attempt);
      }
      throw error;
    }
  }

  private factorOf(user: MfaUser, type: MfaType, context: MfaRequest | undefined): MfaFactor {
    const factor = this.offeredTo(user, type);
    if (context && isOverSameChannel(type, context.records)) {
      throw new MfaException('invalid_request', {
        message: ['you signed in over the channel of this factor, so its codes would prove nothing more'],
      });
    }
    return factor;
  }

  private offeredTo(user: MfaUser, type: MfaType): MfaFactor {
    const factor = this.registry.find(type);
    if (!factor) throw new MfaException('not_found');
    this.adding.assertMayEnroll(user, type);
    return factor;
  }

  /** @param replaced the authenticator whose place the new one takes */
  private assertRoom(type: MfaType, authenticators: readonly Authenticator[], replaced: string | null): void {
    this.adding.assertMayStandIn(type, authenticators);
    if (!hasRoom(type, authenticators, replaced)) throw new MfaException('already_enabled');
  }

  private async findReplaced(user: MfaUser, factor: MfaFactor, type: MfaType): Promise<string | null> {
    if (!isSent(type)) return null;
    const { authenticators } = await this.accounts.find(userIdOf(user));
    return findVoid(user, { type, factor }, authenticators, this.data);
  }
}

/** The session that owns the set-up; empty for application code, or for a request without one of the module's sessions. */
function sessionIdOf(context: MfaRequest | undefined): string {
  return context?.authenticatedSession?.id ?? '';
}
