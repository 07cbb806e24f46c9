import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { normalizeCode } from '../../engine/factors/typed-code.js';
import { CodeVerifier } from '../../engine/verification/code-verifier.js';
import { FactorChange } from '../../engine/changes/factor-change.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import type { TakenAttempt } from '../../engine/users/attempt-limiter.js';
import { AttemptLimiter } from '../../engine/users/attempt-limiter.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { TotpAuthenticator } from './totp-authenticator.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import type { TotpSetup } from './totp-setup-store.js';
import { SETUP_CLAIM, TotpSetupStore } from './totp-setup-store.js';
import { TOTP_INPUT_MESSAGE, TOTP_INPUT_PATTERN, TotpFactor, generateSecret } from './totp.factor.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';

const TYPE = TotpFactor.traits.type;

export interface TotpActivation {
  code: string;
  /** The authenticator's name. Default: the adapter generates one. */
  name?: string;
  /** Whether to end the user's other sessions. Default: false; with the first second factor they always end. */
  endOtherSessions?: boolean;
}

/** Sets up and verifies authenticator apps (TOTP, RFC 6238). */
@Injectable()
export class TotpService {
  constructor(
    @Inject(TotpSetupStore) private readonly setups: TotpSetupStore,
    @Inject(TotpFactor) private readonly factor: TotpFactor,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(CodeVerifier) private readonly verifier: CodeVerifier,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
  ) {}

  /** Generates a random secret in base32. It doesn't belong to a user yet. */
  generateSecret(): string {
    return generateSecret();
  }

  /**
   * Returns the secret of this session's pending set-up, in base32. Begins one if there is none.
   *
   * @param context the request whose session owns the set-up; without it, the application's own code does
   * @throws {MfaException} like {@link begin}; an active secret is never shown
   */
  async getTotpKey(user: MfaUser, context?: MfaRequest): Promise<string> {
    return ((await this.getSetup(user, context)) ?? (await this.begin(user, context))).secret;
  }

  /**
   * Returns one of the user's authenticator apps as an object.
   *
   * @param authenticatorId the app to return; default: the one that this session is setting up, else the oldest, else a new one, whose
   *   set-up then begins
   * @throws {MfaException} `not_found`, and like {@link begin} if a set-up begins
   */
  async getAuthenticator(
    user: MfaUser,
    context?: MfaRequest,
    authenticatorId?: string,
  ): Promise<TotpAuthenticator> {
    const setup = authenticatorId === undefined ? await this.getSetup(user, context) : null;
    if (setup) return new TotpAuthenticator(user, this, setup, context);
    const rows = (await this.authenticators.find(userIdOf(user))).filter(({ type }) => type === TYPE);
    const row = rows.find(({ id }) => authenticatorId === undefined || id === authenticatorId);
    if (row) return new TotpAuthenticator(user, this, row, context);
    if (authenticatorId !== undefined) throw new MfaException('not_found');
    return new TotpAuthenticator(user, this, await this.begin(user, context), context);
  }

  /** Returns the pending set-up of this session (or of the application's own code, without a context), or null. */
  async getSetup(user: MfaUser, context?: MfaRequest): Promise<TotpSetupDetails | null> {
    const setup = await this.setups.find(userIdOf(user), sessionIdOf(context));
    if (!setup) return null;
    const data = await this.setups.open(setup);
    return data === null ? null : this.factor.show(user, data, setup.expiresAt);
  }

  /**
   * Begins a set-up: a new secret that waits on the server for its first code. Only the session of the request may see and complete it.
   * An earlier set-up becomes invalid; an active authenticator keeps working.
   *
   * @param replaces the ID of the authenticator app that the new one replaces, in the transaction that activates the new one
   * @throws {MfaException} `already_enabled`, `unverified_email`, `not_found` if TOTP is not offered or there is no such app to replace,
   *   `cannot_delete_authenticator` if the adapter doesn't allow deleting that app, and the codes of {@link FactorChange.run}
   */
  async begin(user: MfaUser, context?: MfaRequest, replaces?: string): Promise<TotpSetupDetails> {
    this.flow.assertMayEnroll(user, TYPE);
    return this.change.run(
      user,
      { context, purpose: 'adding' },
      async ({ userId, authenticators, session }) => {
        if (replaces !== undefined)
          await this.flow.assertReplaceable(authenticators, { type: TYPE, id: replaces });
        this.assertRoom(authenticators, replaces);
        const { data, expiresAt, answer } = await this.factor.begin({ user });
        const id = randomUUID();
        const setup: TotpSetup = {
          userId,
          id,
          data,
          sessionId: session?.id ?? null,
          replacesId: replaces ?? null,
          expiresAt,
        };
        const write = await this.setups.planReplacement(setup);
        return { keepsFactors: true, writes: [write], events: [], result: answer };
      },
    );
  }

  /**
   * Completes the set-up with the first code, which is then used up. Without a context (outside HTTP), no session records the proof, and
   * all of the user's sessions end if this is their first second factor.
   *
   * @throws {MfaException} `no_pending_setup`, `incorrect_code`, `invalid_request`, `too_many_attempts`, `already_enabled`
   */
  async activate(
    user: MfaUser,
    { code, name, endOtherSessions = false }: TotpActivation,
    context?: MfaRequest,
  ): Promise<MfaAddedFactor> {
    this.flow.assertMayEnroll(user, TYPE);
    if (typeof code !== 'string' || !TOTP_INPUT_PATTERN.test(code)) {
      throw new MfaException('invalid_request', { message: [TOTP_INPUT_MESSAGE] });
    }
    const userId = userIdOf(user);
    const setup = await this.setups.find(userId, sessionIdOf(context));
    if (!setup) throw new MfaException('no_pending_setup');
    const attempt = await this.limiter.take(user, context?.source ?? APPLICATION_SOURCE, { isKept: true });
    const lastStep = await this.firstStep(setup, normalizeCode(code), attempt);
    const { id, data, replacesId } = setup;
    const named = name === undefined ? {} : { name };
    try {
      return await this.flow.add(
        user,
        {
          authenticator: { id, userId, type: TYPE, data, lastStep, ...named },
          claims: [this.setups.claim(setup)],
          onLost: { [SETUP_CLAIM]: 'no_pending_setup' },
          check: (state) => this.assertRoom(state.authenticators, replacesId),
          along: [this.limiter.refund(attempt)],
          replaces: replacesId,
          endOtherSessions,
        },
        context,
      );
    } catch (error) {
      // The code was right, but another request was faster or the session ended. This isn't a guess.
      if (error instanceof MfaException) await this.limiter.giveBackAfter(error, attempt);
      throw error;
    }
  }

  /** @internal {@link activate} for {@link TotpAuthenticator}; writes the session's new token to the response of the request. */
  async finish(user: MfaUser, code: string, context?: MfaRequest): Promise<Authenticator> {
    const response = context?.response;
    const { authenticator, issued } = await this.activate(user, { code }, context);
    if (context && issued) await this.answers.give(context.request, response, issued);
    return authenticator;
  }

  /**
   * Whether the code is right; if so, it is used up. Counts as an attempt.
   *
   * @param authenticatorId the user's app that the code must come from; default: any
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async validateToken(user: MfaUser, token: string, authenticatorId?: string): Promise<boolean> {
    const all = await this.authenticators.find(userIdOf(user));
    const rows = all.filter(({ id }) => authenticatorId === undefined || id === authenticatorId);
    return this.verifier.isRight(user, token, rows, TYPE);
  }

  /** Builds the `otpauth://` URI of a secret under a different account name. */
  async buildUrl(user: MfaUser, secret: string, name: string): Promise<string> {
    return this.factor.buildUrl(user, secret, name);
  }

  /** Draws the QR code of an `otpauth://` URI as a `data:` URL: a PNG image, or the SVG of an adapter that draws its own. */
  async buildQrCode(url: string, svg?: string): Promise<string> {
    return this.factor.buildQrCode(url, svg);
  }

  private async firstStep(setup: TotpSetup, code: string, attempt: TakenAttempt): Promise<number | null> {
    const failure: NewMfaEvent = { type: 'mfa.enrollment.failed', data: { type: TYPE } };
    const data = await this.limiter.judging(attempt, failure, () => this.setups.open(setup));
    if (data === null) {
      await this.limiter.giveBack(attempt);
      throw new MfaException('no_pending_setup');
    }
    const proof = this.factor.activate(code, { data });
    if (proof !== 'wrong') return proof.step ?? null;
    await this.limiter.failed(attempt, failure);
    throw new MfaException('incorrect_code');
  }

  /** @param replaces the authenticator that will be replaced, and doesn't count */
  private assertRoom(authenticators: readonly Authenticator[], replaces?: string | null): void {
    const count = authenticators.filter(({ type, id }) => type === TYPE && id !== replaces).length;
    if (count >= this.factor.maxPerUser) throw new MfaException('already_enabled');
  }
}

/** The session that owns the set-up; null for application code, or for a request without one of the module's sessions. */
function sessionIdOf(context: MfaRequest | undefined): string | null {
  return context?.authenticatedSession?.id ?? null;
}
