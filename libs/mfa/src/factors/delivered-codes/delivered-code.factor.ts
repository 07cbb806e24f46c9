import { randomInt } from 'node:crypto';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type {
  MfaBegunChallenge,
  MfaBegunSetup,
  MfaFactorAuthenticator,
  MfaFactorProof,
  MfaFactorRequest,
  MfaFactorVerdict,
} from '../../engine/factors/mfa-factor.js';
import { MfaFactor } from '../../engine/factors/mfa-factor.js';
import type { ResolvedDeliveredCodeOptions } from './delivered-code-options.js';

/** What is stored for a set-up; the proven address is taken from it. */
interface SetupData {
  to: string;
  hash: string;
}

/** Where a code was sent, and what for. The code proves nothing else. */
interface Delivery {
  user: MfaUser;
  sessionId: string;
  purpose: 'enrollment' | 'authentication';
  to: string;
}

/**
 * A factor whose codes are sent to an address in the application's user record, never to one from the request. When the record changes,
 * the factor stops working until the user sets it up again.
 */
export abstract class DeliveredCodeFactor extends MfaFactor {
  protected abstract readonly channel: string;

  constructor(protected readonly codes: ResolvedDeliveredCodeOptions) {
    super();
  }

  /** The normalized address for this user's codes; null if the record has none that can be used. */
  protected abstract destinationOf(user: MfaUser): string | null;

  /** Masks a destination for display. */
  protected abstract mask(destination: string): string;

  /** The error message if the user's record has no destination. */
  protected abstract readonly missing: string;

  /** Whether a message may be sent there now. */
  protected accepts(_destination: string, _user: MfaUser): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Extra fields to show users during set-up; none by default. */
  protected get notice(): Record<string, unknown> {
    return {};
  }

  override needsSender(): boolean {
    return this.codes.sendMessage === undefined;
  }

  async begin({ user, sessionId }: MfaFactorRequest): Promise<MfaBegunSetup> {
    const to = this.destinationOf(user);
    if (to === null || !(await this.accepts(to, user))) {
      throw new MfaException('invalid_request', { message: [this.missing] });
    }
    const { hash, expiresAt } = await this.deliver({ user, sessionId, purpose: 'enrollment', to });
    const data: SetupData = { to, hash };
    return {
      data: JSON.stringify(data),
      expiresAt,
      answer: { destination: this.mask(to), expiresAt, ...this.notice },
    };
  }

  activate(
    code: string,
    setup: { data: string },
    { user, sessionId }: MfaFactorRequest,
  ): 'wrong' | MfaFactorProof {
    const { to, hash } = JSON.parse(setup.data) as SetupData;
    const delivery = { user, sessionId, purpose: 'enrollment', to } as const;
    if (this.destinationOf(user) !== to || !this.isRight(hash, code, delivery)) return 'wrong';
    return { data: JSON.stringify({ to }) };
  }

  override async challenge({
    user,
    sessionId,
    authenticator,
  }: MfaFactorRequest & { authenticator: MfaFactorAuthenticator }): Promise<MfaBegunChallenge> {
    const to = this.provenDestination(user, authenticator);
    if (to === null || !(await this.accepts(to, user))) throw new MfaException('not_found');
    const { hash, expiresAt, nextAt } = await this.deliver({
      user,
      sessionId,
      purpose: 'authentication',
      to,
    });
    return { data: hash, expiresAt, answer: { destination: this.mask(to), expiresAt, nextAt } };
  }

  verify(
    code: string,
    {
      user,
      sessionId,
      authenticator,
      challenge,
    }: MfaFactorRequest & { authenticator: MfaFactorAuthenticator; challenge: { data: string } | null },
  ): MfaFactorVerdict {
    const to = this.provenDestination(user, authenticator);
    if (!challenge || to === null || !this.looksLikeCode(code)) return 'not_applicable';
    return this.isRight(challenge.data, code, { user, sessionId, purpose: 'authentication', to })
      ? {}
      : 'wrong';
  }

  override isOffered(user: MfaUser): boolean {
    return this.destinationOf(user) !== null;
  }

  override isUsable(user: MfaUser, authenticator: MfaFactorAuthenticator): boolean {
    return this.provenDestination(user, authenticator) !== null;
  }

  override describe(authenticator: MfaFactorAuthenticator): object {
    return { destination: this.mask((JSON.parse(authenticator.data) as { to: string }).to) };
  }

  /** The destination proven at set-up; null if the user's record has changed since. */
  private provenDestination(user: MfaUser, { data }: MfaFactorAuthenticator): string | null {
    const { to } = JSON.parse(data) as { to: string };
    return this.destinationOf(user) === to ? to : null;
  }

  private async deliver(delivery: Delivery): Promise<{ hash: string; expiresAt: Date; nextAt: Date }> {
    const { digits, ttlSeconds, maxMessages, windowSeconds, sendMessage } = this.codes;
    const code = String(randomInt(10 ** digits)).padStart(digits, '0');
    const { nextAt } = await this.mfa.send(delivery.user, {
      channel: this.channel,
      to: delivery.to,
      code,
      ttlSeconds,
      limit: { messages: maxMessages, windowSeconds },
      ...(sendMessage ? { send: sendMessage } : {}),
    });
    const expiresAt = new Date(this.mfa.clock.now() + ttlSeconds * 1000);
    return { hash: this.mfa.hash(...this.fieldsOf(delivery, code)), expiresAt, nextAt };
  }

  private isRight(hash: string, code: string, delivery: Delivery): boolean {
    return this.looksLikeCode(code) && this.mfa.isHashOf(hash, ...this.fieldsOf(delivery, code));
  }

  private looksLikeCode(code: string): boolean {
    return /^\d+$/.test(code) && code.length === this.codes.digits;
  }

  private fieldsOf({ user, sessionId, purpose, to }: Delivery, code: string): string[] {
    return [this.channel, purpose, userIdOf(user), sessionId, to, code];
  }
}
