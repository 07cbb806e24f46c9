import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { answersNo } from '../../core/errors/answers-no.js';
import { responseOf } from '../../core/web/http-message.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { WebAuthnService } from './webauthn.service.js';

/**
 * A user's security key or passkey as an object, before and after it is registered. Methods that verify return a boolean; use
 * {@link WebAuthnService} to learn why. Created by {@link WebAuthnService.getAuthenticator}.
 */
export class WebAuthnAuthenticator {
  /** @param stored the authenticator; none for one that is still to be registered */
  constructor(
    private readonly user: MfaUser,
    private readonly webauthn: WebAuthnService,
    private readonly resolve: (request: object) => Promise<MfaRequest>,
    private stored: Authenticator | null = null,
  ) {}

  /** The stored authenticator; null until it is registered. */
  get authenticator(): Authenticator | null {
    return this.stored;
  }

  /** Creates options for `navigator.credentials.create()`. */
  async getCredentialCreationOptions(request: object): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const session = (await this.resolve(request)).authenticatedSession;
    return this.webauthn.getCredentialCreationOptions(this.user, { session });
  }

  /**
   * Registers the key, which this object then represents. Its challenge is used up whatever the outcome.
   *
   * @param response gets the session's new token; default: the one that Express keeps with the request
   */
  async verifyRegistration(request: object, credential: unknown, response?: object): Promise<boolean> {
    if (this.stored) return false;
    const exchange = { request, response: response ?? responseOf(request) };
    try {
      const context = await this.resolve(request);
      const added = await this.webauthn.verifyRegistration(this.user, credential, { context });
      this.stored = added.authenticator;
      await this.webauthn.handOut(added, exchange);
      return true;
    } catch (error) {
      return answersNo(error);
    }
  }

  /**
   * Creates options for `navigator.credentials.get()` with this key alone.
   *
   * @throws {MfaException} `not_found` before it is registered
   */
  async getCredentialRequestOptions(request: object): Promise<PublicKeyCredentialRequestOptionsJSON> {
    if (!this.stored) throw new MfaException('not_found');
    const session = (await this.resolve(request)).authenticatedSession;
    return this.webauthn.getCredentialRequestOptions(this.user, session, this.stored.id);
  }

  /** Whether this key, and not another one of the user's, made the assertion; if so, it is used up. */
  async verifyAuthentication(request: object, credential: unknown): Promise<boolean> {
    if (!this.stored) return false;
    try {
      const session = (await this.resolve(request)).authenticatedSession;
      await this.webauthn.verifyAuthentication(this.user, credential, session, this.stored.id);
      return true;
    } catch (error) {
      return answersNo(error);
    }
  }
}
