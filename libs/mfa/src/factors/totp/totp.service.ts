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
import { responseOf } from '../../core/web/http-message.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { TotpAuthenticator } from './totp-authenticator.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import type { TotpSetup } from './totp-setup-store.js';
import { SETUP_CLAIM, TotpSetupStore } from './totp-setup-store.js';
import { TotpFactor, TOTP_INPUT_PATTERN, generateSecret } from './totp.factor.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';

const TYPE = TotpFactor.traits.type;

export interface TotpActivation {
  code: string;
  /** How the user calls the authenticator; default: as the adapter says. */
  name?: string;
  /** Whether the user's other sessions end. Default: false; with the first second factor they do in any case. */
  endOtherSessions?: boolean;
}

/** Sets up and checks authenticator apps (TOTP, RFC 6238). */
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

  /** A new random secret in base32; it belongs to nobody yet. */
  generateSecret(): string {
    return generateSecret();
  }

  /**
   * The secret of the set-up that this session has begun, in base32; starts one when there is none.
   *
   * @param context the request whose session it belongs to; without one it belongs to the application's own code
   * @throws {MfaException} as {@link begin}; an active secret is never shown
   */
  async getTotpKey(user: MfaUser, context?: MfaRequest): Promise<string> {
    return ((await this.getSetup(user, context)) ?? (await this.begin(user, context))).secret;
  }

  /**
   * One of the user's authenticator apps as an object.
   *
   * @param authenticatorId which one; default: the one that this session is setting up, else the oldest, else a new one, whose set-up
   *   begins now
   * @throws {MfaException} `not_found`, and as {@link begin} where a set-up begins
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

  /** The set-up that this session (or, without a context, the application's own code) has begun and not finished, or null. */
  async getSetup(user: MfaUser, context?: MfaRequest): Promise<TotpSetupDetails | null> {
    const setup = await this.setups.find(userIdOf(user), sessionIdOf(context));
    const data = setup && (await this.setups.open(setup));
    return setup === null || data === null ? null : this.factor.show(user, data, setup.expiresAt);
  }

  /**
   * Starts a set-up: a new secret that waits on the server for its first code. It belongs to the session of the request, which
   * alone may see and finish it. A former set-up is void; an active authenticator goes on working.
   *
   * @param replaces the id of the authenticator app whose place the new one takes, in the commit that proves the new one
   * @throws {MfaException} `already_enabled`, `unverified_email`, `not_found` when TOTP is not offered or there is no such app to replace,
   *   `cannot_delete_authenticator` when the adapter wants to keep that, and the codes of
   *   {@link FactorChange.run}
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
   * Finishes the set-up with the first code, which counts as used. Without a context (outside HTTP) no session learns
   * of it, and all of the user's sessions end when it is the first second factor.
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
      throw new MfaException('invalid_request', { message: ['code must be a code'] });
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
      // The code was right, and another request was faster or the session ended: that is no guess.
      if (error instanceof MfaException) await this.limiter.giveBack(attempt);
      throw error;
    }
  }

  /** @internal {@link activate} for objects, with the session's new token in the response of the request. */
  async finish(user: MfaUser, code: string, context?: MfaRequest): Promise<Authenticator> {
    const response = context && responseOf(context.request);
    const { authenticator, issued } = await this.activate(user, { code }, context);
    if (context && issued) await this.answers.give(context.request, response, issued);
    return authenticator;
  }

  /**
   * Whether the code is right; it is used up then. Counts as an attempt.
   *
   * @param authenticatorId which of the user's apps it has to be of; default: any
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async validateToken(user: MfaUser, token: string, authenticatorId?: string): Promise<boolean> {
    const all = await this.authenticators.find(userIdOf(user));
    const rows = all.filter(({ id }) => authenticatorId === undefined || id === authenticatorId);
    return this.verifier.isRight(user, token, rows, TYPE);
  }

  /** The `otpauth://` URI of a secret under another account name. */
  async buildUrl(user: MfaUser, secret: string, name: string): Promise<string> {
    return this.factor.buildUrl(user, secret, name);
  }

  /** The QR code of an `otpauth://` URI as a `data:` URL: a PNG picture, or the SVG of an adapter that draws its own. */
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

  /** @param replaces the one that makes room */
  private assertRoom(authenticators: readonly Authenticator[], replaces?: string | null): void {
    const count = authenticators.filter(({ type, id }) => type === TYPE && id !== replaces).length;
    if (count >= this.factor.maxPerUser) throw new MfaException('already_enabled');
  }
}

/** Whose set-up it is; null: the application's own code, or a request without a session of ours. */
function sessionIdOf(context: MfaRequest | undefined): string | null {
  return context?.authenticatedSession?.id ?? null;
}
