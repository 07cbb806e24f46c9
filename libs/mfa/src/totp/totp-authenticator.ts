import type { TotpService } from './totp.service.js';
import { generateSecret } from './totp.js';
import type { MfaUser } from '../adapter/mfa-user.js';

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

/** One user's authenticator app as an object, for code that works with it outside HTTP. */
export class TotpAuthenticator {
  constructor(
    private readonly user: MfaUser,
    private readonly totp: TotpService,
    private readonly setup?: TotpSetupDetails,
  ) {}

  /** A new random secret in base32. */
  static generateSecret(): string {
    return generateSecret();
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

  /** Whether the code is right; it is consumed. See {@link TotpService.validateToken}. */
  async validateToken(token: string): Promise<boolean> {
    return this.totp.validateToken(this.user, token);
  }

  private inSetup(): TotpSetupDetails {
    if (!this.setup)
      throw new Error('The secret of an active authenticator is never shown: start a new set-up');
    return this.setup;
  }
}
