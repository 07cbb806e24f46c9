import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { answersNo } from '../../core/errors/answers-no.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { TotpService } from './totp.service.js';
import { generateSecret } from './totp.factor.js';

/** A TOTP that is being set up: what the user is shown, once. */
export interface TotpSetupDetails {
  /** Base32, for typing it into an authenticator app by hand. */
  secret: string;
  /** The `otpauth://` URI. */
  url: string;
  /** The QR code of the URI as SVG markup. */
  svg: string;
  /** The QR code of the URI as a `data:` URL: of a PNG picture, or of the adapter's own SVG. */
  qrCode: string;
  /** When the set-up is void. */
  expiresAt: Date;
}

/**
 * One authenticator app of a user as an object: while it is set up, and from its first code on. For code that works with it
 * outside HTTP; {@link TotpService.getAuthenticator} makes one.
 */
export class TotpAuthenticator {
  /**
   * @param of the set-up, or the stored authenticator
   * @param context the request whose session the set-up belongs to; none: the application's own code
   */
  constructor(
    private readonly user: MfaUser,
    private readonly totp: TotpService,
    private of: TotpSetupDetails | Authenticator,
    private readonly context?: MfaRequest,
  ) {}

  /** A new random secret in base32. */
  static generateSecret(): string {
    return generateSecret();
  }

  /** The stored authenticator; null until its first code. */
  get authenticator(): Authenticator | null {
    return 'secret' in this.of ? null : this.of;
  }

  /**
   * The QR code as a `data:` URL, while in set-up.
   *
   * @param name how the account is called in the app; default: as the adapter says
   * @throws {Error} once the authenticator is active: its secret is never shown again
   */
  async generateQrCode(name?: string): Promise<string> {
    const { qrCode, secret } = this.inSetup();
    return name === undefined
      ? qrCode
      : this.totp.buildQrCode(await this.totp.buildUrl(this.user, secret, name));
  }

  /**
   * The secret in base32, while in set-up.
   *
   * @throws {Error} once the authenticator is active
   */
  getSecretKey(): string {
    return this.inSetup().secret;
  }

  /**
   * Whether the code is right for this one, which is used up then. The first right one finishes the set-up. False for all that
   * keeps it from being verified, a spent budget of attempts too: {@link TotpService} says why.
   *
   * @throws {MfaException} `storage_unavailable`
   */
  async validateToken(token: string): Promise<boolean> {
    try {
      if (!('secret' in this.of)) return await this.totp.validateToken(this.user, token, this.of.id);
      this.of = await this.totp.finish(this.user, token, this.context);
      return true;
    } catch (error) {
      return answersNo(error);
    }
  }

  private inSetup(): TotpSetupDetails {
    if ('secret' in this.of) return this.of;
    throw new Error('The secret of an active authenticator is never shown: start a new set-up');
  }
}
