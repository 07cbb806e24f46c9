import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { toDataURL } from 'qrcode';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { overlayUser } from '../adapter/user-overlay.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { normalizeCode } from '../authenticators/code-factor.js';
import { CodeVerifier } from '../authenticators/code-verifier.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { AddedFactor } from '../enrolment/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../enrolment/add-authenticator.flow.js';
import { MfaException } from '../errors/mfa-exception.js';
import { AttemptLimiter } from '../limits/attempt-limiter.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TotpAuthenticator } from './totp-authenticator.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import { TotpData } from './totp-data.js';
import type { TotpSetup } from './totp-setup.entity.js';
import { SETUP_CLAIM, TotpSetupStore } from './totp-setup-store.js';
import { TOTP_INPUT_PATTERN, findTimeStep, generateSecret } from './totp.js';

export interface TotpActivation {
  code: string;
  /** How the user calls the authenticator; default: as the adapter says. */
  name?: string;
}

/** Sets up and checks authenticator apps (TOTP, RFC 6238). */
@Injectable()
export class TotpService {
  constructor(
    @Inject(TotpSetupStore) private readonly setups: TotpSetupStore,
    @Inject(TotpData) private readonly data: TotpData,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(CodeVerifier) private readonly verifier: CodeVerifier,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** A new random secret in base32; it belongs to nobody yet. */
  generateSecret(): string {
    return generateSecret();
  }

  /**
   * The secret of the user's set-up in base32; starts one when there is none.
   *
   * @throws {MfaException} as {@link begin}; an active secret is never shown
   */
  async getTotpKey(user: MfaUser): Promise<string> {
    const setup = await this.setups.find(userIdOf(user));
    return setup ? (await this.data.decrypt(setup.data, setup)).secret : (await this.begin(user)).secret;
  }

  /** The user's authenticator app as an object: the one in set-up if there is one, else the active one. */
  async getAuthenticator(user: MfaUser): Promise<TotpAuthenticator> {
    return new TotpAuthenticator(user, this, (await this.getSetup(user)) ?? undefined);
  }

  /** The set-up that the user has begun and not finished, or null. */
  async getSetup(user: MfaUser): Promise<TotpSetupDetails | null> {
    const setup = await this.setups.find(userIdOf(user));
    return setup && this.describe(user, setup);
  }

  /**
   * Starts a set-up: a new secret that waits on the server for its first code. A former set-up is void; an active
   * authenticator goes on working.
   *
   * @throws {MfaException} `already_enabled`, `unverified_email`, `not_found` when TOTP is not offered
   */
  async begin(user: MfaUser): Promise<TotpSetupDetails> {
    this.flow.assertMayEnrol(user, 'totp');
    const userId = userIdOf(user);
    this.assertRoom(await this.authenticators.find(userId));
    const { algorithm, digits, period, setupTtlSeconds } = this.options.totp;
    const id = randomUUID();
    const data = await this.data.encrypt(
      { secret: generateSecret(), algorithm, digits, period },
      { id, userId },
    );
    const setup: TotpSetup = {
      userId,
      id,
      data,
      sessionId: null,
      expiresAt: new Date(this.clock.now() + setupTtlSeconds * 1000),
    };
    const details = await this.describe(user, setup);
    await this.setups.replace(setup);
    return details;
  }

  /**
   * Finishes the set-up with the first code, which counts as used. Without a context (outside HTTP) no session learns
   * of it, and all of the user's sessions end when it is the first second factor.
   *
   * @throws {MfaException} `no_pending_setup`, `incorrect_code`, `invalid_request`, `too_many_attempts`, `already_enabled`
   */
  async activate(
    user: MfaUser,
    { code, name }: TotpActivation,
    context?: MfaRequestContext,
  ): Promise<AddedFactor> {
    this.flow.assertMayEnrol(user, 'totp');
    if (typeof code !== 'string' || !TOTP_INPUT_PATTERN.test(code)) {
      throw new MfaException('invalid_request', { message: ['code must be a code'] });
    }
    const userId = userIdOf(user);
    const setup = await this.setups.find(userId);
    if (!setup) throw new MfaException('no_pending_setup');
    const attempt = await this.limiter.take(userId);
    const lastStep = await this.firstStep(setup, normalizeCode(code));
    const { id, data } = setup;
    const named = name === undefined ? {} : { name };
    const giveBack = this.limiter.giveBack(attempt);
    try {
      return await this.flow.add(
        user,
        {
          authenticator: { id, userId, type: 'totp', data, lastStep, ...named },
          claims: [this.setups.claim(setup)],
          onLost: { [SETUP_CLAIM]: 'no_pending_setup' },
          check: (state) => this.assertRoom(state.authenticators),
          along: [giveBack],
        },
        context,
      );
    } catch (error) {
      // The code was right, and another request was faster or the session ended: that is no guess.
      if (error instanceof MfaException) await this.storage.commit([giveBack]);
      throw error;
    }
  }

  /**
   * Whether the code is right; it is used up then. Counts as an attempt.
   *
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async validateToken(user: MfaUser, token: string): Promise<boolean> {
    const rows = await this.authenticators.find(userIdOf(user));
    return this.verifier.isRight(user, token, rows, 'totp');
  }

  /** The `otpauth://` URI of a secret under another account name. */
  async buildUrl(user: MfaUser, secret: string, name: string): Promise<string> {
    return this.adapter.buildTotpUrl(overlayUser(user, { email: () => name }), secret);
  }

  private async firstStep(setup: TotpSetup, code: string): Promise<number | null> {
    const { insecureBypassCode, tolerance } = this.options.totp;
    if (insecureBypassCode !== undefined && code === insecureBypassCode) return null;
    const step = findTimeStep(await this.data.decrypt(setup.data, setup), code, this.clock.now(), tolerance);
    if (step === null) throw new MfaException('incorrect_code');
    return step;
  }

  private async describe(user: MfaUser, setup: TotpSetup): Promise<TotpSetupDetails> {
    const { secret } = await this.data.decrypt(setup.data, setup);
    const url = await this.adapter.buildTotpUrl(user, secret);
    return {
      secret,
      url,
      svg: await this.adapter.buildTotpSvg(url),
      qrCode: await toDataURL(url),
      expiresAt: setup.expiresAt,
    };
  }

  private assertRoom(authenticators: readonly Authenticator[]): void {
    const count = authenticators.filter(({ type }) => type === 'totp').length;
    if (count >= this.options.totp.maxPerUser) throw new MfaException('already_enabled');
  }
}
