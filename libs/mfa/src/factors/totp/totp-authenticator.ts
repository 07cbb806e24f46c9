import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { answersNo } from '../../core/errors/answers-no.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { TotpService } from './totp.service.js';
import { generateSecret } from './totp.factor.js';

/** A TOTP that is being set up, as shown to the user once. */
export interface TotpSetupDetails {
  /** Base32, to type into an authenticator app by hand. */
  secret: string;
  /** The `otpauth://` URI. */
  url: string;
  /** The QR code of the URI as SVG markup. */
  svg: string;
  /** The QR code of the URI as a `data:` URL: a PNG image, or the SVG of an adapter that draws its own. */
  qrCode: string;
  /** When the set-up expires. */
  expiresAt: Date;
}

/**
 * A user's authenticator app as an object, during set-up and once it is active. For code that works with it outside HTTP; created by
 * {@link TotpService.getAuthenticator}.
 */
export class TotpAuthenticator {
  /**
   * @param of the set-up, or the stored authenticator
   * @param context the request whose session owns the set-up; none for the application's own code
   */
  constructor(
    private readonly user: MfaUser,
    private readonly totp: TotpService,
    private of: TotpSetupDetails | Authenticator,
    private readonly context?: MfaRequest,
  ) {}

  /** Generates a random secret in base32. */
  static generateSecret(): string {
    return generateSecret();
  }

  /** The stored authenticator; null until the first code is validated. */
  get authenticator(): Authenticator | null {
    return 'secret' in this.of ? null : this.of;
  }

  /**
   * The QR code as a `data:` URL, during set-up.
   *
   * @param name the account's name in the app; default: the adapter's
   * @throws {Error} once the authenticator is active, since its secret is never shown again
   */
  async generateQrCode(name?: string): Promise<string> {
    const { qrCode, secret } = this.inSetup();
    return name === undefined
      ? qrCode
      : this.totp.buildQrCode(await this.totp.buildUrl(this.user, secret, name));
  }

  /**
   * The secret in base32, during set-up.
   *
   * @throws {Error} once the authenticator is active
   */
  getSecretKey(): string {
    return this.inSetup().secret;
  }

  /**
   * Whether the code is right for this authenticator; if so, it is used up. The first right code completes the set-up. Returns false for
   * anything that keeps the code from being verified, including too many attempts; use {@link TotpService} to learn why.
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
