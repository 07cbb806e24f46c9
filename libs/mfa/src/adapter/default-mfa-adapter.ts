import { Logger } from '@nestjs/common';

import { SideTable } from '../core/objects/side-table.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaEncryptionContext } from '../core/crypto/envelope.js';
import { open, seal } from '../core/crypto/envelope.js';
import type { MfaMessage } from './message.js';
import type { MfaSignUp } from './sign-up.js';
import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import { traitsOf } from '../core/policy/methods.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { getMfaSession, getMfaUser } from '../engine/rows/mfa-request.js';
import { buildKeyUri } from '../core/otpauth/key-uri.js';
import { drawSvg } from '../core/otpauth/qr-code.js';
import type { MfaAdapterContext } from './adapter-context.js';
import { CONNECT_ADAPTER } from './adapter-context.js';
import { preferredLocale, textsOf } from '../i18n/choose-texts.js';
import { ENGLISH_REASONS } from '../i18n/en.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type { MfaErrorMessages } from './messages.js';
import { DEFAULT_MFA_ERROR_MESSAGES } from './messages.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { findExactUser, flagOf, userIdOf } from '../core/users/mfa-user.js';
import { overlayUser } from '../core/users/user-overlay.js';
import type { MfaNotification } from '../core/users/notification.js';
import type {
  MfaDeletionContext,
  MfaRequirementContext,
  MfaSignInContext,
  MfaSuspensionContext,
} from './hook-contexts.js';

/** A WebAuthn relying party (Level 3, section 5.4.2). */
export interface PublicKeyCredentialRpEntity {
  /** A domain without scheme and port. */
  id: string;
  name: string;
}

/** A WebAuthn user account (Level 3, section 5.4.3). */
export interface PublicKeyCredentialUserEntity {
  /** The user handle in base64url: 1 to 64 bytes that reveal nothing about the user. */
  id: string;
  name: string;
  displayName: string;
}

/** What is known about the authenticator that is being registered. */
export interface MfaAttestationInfo {
  aaguid: string;
  /** The attestation statement format: `none`, `packed`, `tpm`, … */
  format: string;
  /** The attestation object in base64url. */
  attestationObject: string;
}

type PassportUser = Omit<MfaUser, 'id'> & {
  id?: string | number | null;
  userId?: string | number | null;
  sub?: string | null;
};

/** Returns the same object as an {@link MfaUser}, so that none of its other properties are lost. */
function passportUser(user: PassportUser): MfaUser | null {
  const findId = () => user.id ?? user.userId ?? user.sub ?? undefined;
  if (findId() === undefined) return null;
  if (user.id !== undefined && user.id !== null) return user as MfaUser;
  const known = withIds.get(user) ?? overlayUser(user, { id: findId });
  withIds.set(user, known);
  return known;
}

const withIds = new WeakMap<object, MfaUser>();

/** The owners of sessions, as the adapter found them. */
const owners = new SideTable<AuthenticationSession, Promise<MfaUser | null>>();

/**
 * Connects the module to your application. Extend this class, override the hooks whose defaults don't fit, and pass it as the option
 * `adapter`. All hooks may return a promise. If a hook throws, the request is refused.
 */
export class DefaultMfaAdapter {
  private readonly logger = new Logger(DefaultMfaAdapter.name);
  private context?: MfaAdapterContext;

  /** Texts by error code. An override may contain just a few; these then apply in every language. */
  errorMessages: Partial<MfaErrorMessages> = { ...DEFAULT_MFA_ERROR_MESSAGES };

  /** @internal */
  [CONNECT_ADAPTER](context: MfaAdapterContext): void {
    this.context = context;
  }

  /** The options, keys and queries that the default hooks use. */
  protected get mfa(): MfaAdapterContext {
    if (!this.context) {
      throw new Error(
        'This adapter is not connected: pass it to MfaModule.forRoot({ adapter }), and use it only after boot',
      );
    }
    return this.context;
  }

  /**
   * Returns the signed-in user of a request, or null. A pending session has no user. Default: `request.user` as Passport sets it (`id`,
   * `userId` or `sub`); without it, the user of the authenticated session.
   */
  getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
    const { user } = request as { user?: PassportUser | null };
    if (user) return passportUser(user);
    const session = getMfaSession(request);
    if (!session) return null;
    // Look the owner up once per session object, however many guards ask.
    const owner = owners.get(session) ?? findExactUser(this, session.userId);
    owners.set(session, owner);
    return owner;
  }

  /** Returns when the application itself last authenticated this user, such as a JWT's `auth_time` (which is in seconds). Default: null. */
  getAuthenticatedAt(_request: object): Date | null | Promise<Date | null> {
    return null;
  }

  /**
   * Returns the user with this ID, or null if they are gone or disabled, in which case a sign-in can't be completed. Default: `{ id }`,
   * without checking anything. Override it if users can be disabled, are staff, or have email addresses.
   */
  findUser(userId: string): MfaUser | null | Promise<MfaUser | null> {
    return { id: userId };
  }

  /**
   * Creates the user of a passkey sign-up (option `passkeySignUp`), once its ceremony has succeeded. Always create a new user: whoever
   * you return gets the passkey. Return null to refuse the sign-up with the error of a failed ceremony, for example if the name is taken;
   * an `HttpException` is passed on as it is. Rely on a unique constraint, since two sign-ups can arrive at once. Default: null.
   */
  createUser(_signUp: MfaSignUp, _request: object): MfaUser | null | Promise<MfaUser | null> {
    return null;
  }

  /**
   * Deletes the user that {@link createUser} has just created, because their passkey couldn't be stored and nobody can sign in as them.
   * Default: does nothing.
   */
  discardUser(_user: MfaUser): void | Promise<void> {
    // Without the option, there is nothing to delete.
  }

  /**
   * Checks the user's password for the page `reauthenticate`. Null means that the application doesn't check passwords here; the page then
   * asks the user to sign in again. Calls count against the user's attempt limit. Default: null.
   */
  checkPassword(
    _user: MfaUser,
    _password: string,
    _request: object,
  ): boolean | null | Promise<boolean | null> {
    return null;
  }

  /** Returns extra fields for the response that completes a sign-in, such as an access token. Default: none. */
  completeLogin(
    _user: MfaUser,
    _session: AuthenticationSession,
    _request: object,
    _response: object,
  ): Record<string, unknown> | Promise<Record<string, unknown>> {
    return {};
  }

  /** Returns the user's name in authenticator apps. Default: email, else username, else ID. */
  getTotpLabel(user: MfaUser): string | Promise<string> {
    return user.email || user.username || String(user.id);
  }

  /** Returns the application's name in authenticator apps. Default: the option `totp.issuer`. */
  getTotpIssuer(): string | Promise<string> {
    return this.mfa.options.totp.issuer;
  }

  /**
   * Returns the application's name in emails and on pages. Default: the option `webauthn.rpName`, else `totp.issuer`; if only
   * {@link getTotpIssuer} is overridden, its result.
   */
  getSiteName(): string | Promise<string> {
    if (this.getTotpIssuer !== DefaultMfaAdapter.prototype.getTotpIssuer) return this.getTotpIssuer();
    const { webauthn, totp } = this.mfa.options;
    return webauthn?.rpName || totp.issuer;
  }

  /**
   * Returns whom a user can contact if they are locked out, or notified of something they didn't do, for emails and pages: a text, or a
   * link (`https:`, `mailto:`, `tel:`, or a path of this site). Default: none.
   */
  getSupportContact(_user: MfaUser): string | null | Promise<string | null> {
    return null;
  }

  /**
   * Returns where an IP address is, in words for users who look at their sessions ("Vienna, Austria"), or null to show no place. Default:
   * null.
   */
  getPlace(_ip: string): string | null | Promise<string | null> {
    return null;
  }

  /** Builds the `otpauth://totp/…` URI for the QR code (Key URI format). `secret` is base32. */
  async buildTotpUrl(user: MfaUser, secret: string): Promise<string> {
    const { algorithm, digits, period } = this.mfa.options.totp;
    return buildKeyUri({
      issuer: await this.getTotpIssuer(),
      label: await this.getTotpLabel(user),
      secret,
      algorithm,
      digits,
      period,
    });
  }

  /** Draws the QR code of that URI as SVG markup. `qrCode` shows the result of an override, too. */
  buildTotpSvg(url: string): string | Promise<string> {
    return drawSvg(url);
  }

  /**
   * Encrypts stored factor data, and the module's own keys (`context.purpose` is `key`), which are needed when the application boots.
   * Default: AES-256-GCM with a key derived from `secret`, bound to the owner of the data.
   */
  encrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    return seal(this.mfa.keyRing, text, context);
  }

  /**
   * Decrypts the result of `encrypt`. Throw `new MfaException('storage_unavailable')` while the key service can't be reached: it becomes
   * the response, and no attempt is used up. Throw {@link MfaEnvelopeError} if the data is lost for good. After any other error, the
   * factor counts as unreadable while the user's other factors keep working; the module's own keys (`context.purpose` is `key`) are
   * requested again later.
   */
  decrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    return open(this.mfa.keyRing, text, context);
  }

  /** Returns the relying party. Default: the options `webauthn.rpId` and `rpName`. */
  getPublicKeyCredentialRpEntity(): PublicKeyCredentialRpEntity | Promise<PublicKeyCredentialRpEntity> {
    const { rpId = '', rpName = '' } = this.mfa.options.webauthn ?? {};
    return { id: rpId, name: rpName };
  }

  /**
   * Returns the account that a new key is for. Default: the random handle, the email or username, and the display name.
   *
   * @param userHandle the user's stored random handle in base64url, or a new one
   */
  getPublicKeyCredentialUserEntity(
    user: MfaUser,
    userHandle: string,
  ): PublicKeyCredentialUserEntity | Promise<PublicKeyCredentialUserEntity> {
    const name = user.email || user.username || String(user.id);
    return { id: userHandle, name, displayName: user.displayName || name };
  }

  /**
   * Has the last word on a registration whose attestation was verified, for checks against metadata such as FIDO's Metadata Service.
   * Default: true.
   */
  verifyAttestation(_attestation: MfaAttestationInfo, _user: MfaUser): boolean | Promise<boolean> {
    return true;
  }

  /** Returns who made the authenticators with this AAGUID, or null for what the module itself knows. Default: null. */
  getAuthenticatorProvider(_aaguid: string): string | null | Promise<string | null> {
    return null;
  }

  /** Whether this authenticator may be deleted. Called on every delete path; `context.by` says which. Default: true. */
  canDeleteAuthenticator(
    _authenticator: Authenticator,
    _context: MfaDeletionContext,
  ): boolean | Promise<boolean> {
    return true;
  }

  /**
   * Whether this authenticator may be suspended as lost. Users don't have to prove a second factor for this. Return `!context.isLast` if
   * a thief with the password must not be able to lock the owner out until an administrator helps. Default: true.
   */
  canSuspendAuthenticator(
    _authenticator: Authenticator,
    _context: MfaSuspensionContext,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether this user must have a second factor. Default: staff only, if the option `requiredForStaff` is on. */
  isMfaRequired(user: MfaUser, _context: MfaRequirementContext): boolean | Promise<boolean> {
    return this.mfa.options.requiredForStaff && flagOf(user, 'isStaff') === true;
  }

  /**
   * Whether this sign-in comes from an identity provider that asked for several factors itself, and when: a `Date`, or true for now. Such
   * a sign-in needs no second factor here. It passes `@RequireMfa()` for as long as a second factor would, except on routes that name
   * methods, and it never allows changes to the user's factors. Missing evidence counts as no second factor (ASVS v5.0.0-6.8.4);
   * `readExternalMfa` reads the evidence from the provider's claims. Default: false.
   */
  trustExternalMfa(_user: MfaUser, _request: object): boolean | Date | Promise<boolean | Date> {
    return false;
  }

  /**
   * Whether the user is notified of this sign-in as new (option `newSignIn`). The sign-in is already complete, but its response waits for
   * this hook. An error is logged and refuses nothing. Default: true if the user hasn't signed in with this browser before.
   */
  isNewSignIn(_user: MfaUser, { lastSignInAt }: MfaSignInContext): boolean | Promise<boolean> {
    return lastSignInAt === null;
  }

  /**
   * Whether the user has a second factor, or one of the given types.
   *
   * @param authenticators the user's rows, if the caller has already read them; saves a query
   */
  async isMfaEnabled(
    user: MfaUser,
    types?: readonly MfaType[],
    authenticators?: readonly Authenticator[],
  ): Promise<boolean> {
    const rows = authenticators ?? (await this.mfa.findAuthenticators(userIdOf(user)));
    return rows.some((row) => isSecondFactorRow(row) && (types?.includes(row.type) ?? true));
  }

  /**
   * Returns a name for a new authenticator that the user didn't name. Default: `Master key`, `Backup key`, `Key nr. 3`, … for keys; the
   * kind of factor for others. It differs from the names of the user's other authenticators of that type.
   */
  async generateAuthenticatorName(user: MfaUser, type: MfaType): Promise<string> {
    const { label, maxPerUser = 1 } = traitsOf(type) ?? {};
    if (label !== undefined && maxPerUser === 1) return label;
    const rows = await this.mfa.findAuthenticators(userIdOf(user));
    const taken = rows.filter((row) => row.type === type).map(({ name }) => name);
    let number = taken.length + 1;
    // This number may be taken if an earlier authenticator was deleted.
    while (taken.includes(nameOf(label, number))) number += 1;
    return nameOf(label, number);
  }

  /**
   * Sends a code of a factor such as `emailCode()` or `smsCode()` to the address or number in the message. If it throws, the response is
   * `message_not_sent` and no attempt is used up. Default: throws, since the module can't send messages itself.
   */
  sendMessage(message: MfaMessage): void | Promise<void> {
    throw new Error(`Override sendMessage() in the adapter to send codes over ${message.channel}`);
  }

  /** Notifies the user of a change. The request doesn't wait for it and never fails because of it. Default: logs it. */
  sendNotification(notification: MfaNotification, user: MfaUser): void | Promise<void> {
    const factor = notification.authenticatorType ? ` (${notification.authenticatorType})` : '';
    this.logger.log(`${notification.type}${factor} of user ${String(user.id)}`);
  }

  /**
   * Returns the language for this user, or for whoever sent the request. Default: the user's `locale`; else what the request prefers
   * (`Accept-Language`) among the option `locales`; else the first of these.
   */
  getLocale(user: MfaUser | null, request?: object): string | Promise<string> {
    const { locales } = this.mfa.options;
    const own: unknown = user?.locale;
    if (typeof own === 'string' && own !== '') return own;
    return preferredLocale(request, locales) || locales[0].locale;
  }

  /**
   * Returns the text of an error code. Override it to translate. Default: the override in `errorMessages`, if there is one; else the text
   * in the language of {@link getLocale} for the user that {@link getUser} found.
   */
  getErrorMessage(code: MfaErrorCode, request?: object): string | Promise<string> {
    const own = this.errorMessages[code];
    if (own !== undefined && own !== DEFAULT_MFA_ERROR_MESSAGES[code]) return own;
    return this.textsFor(request).then(({ errors }) => errors[code]);
  }

  /**
   * Returns the text of the reason for a refusal, which replaces the text of its error code. Default: the text in the language of
   * {@link getLocale}, as for the code.
   */
  getReasonMessage(reason: MfaRefusalReason, request?: object): string | Promise<string> {
    return this.textsFor(request).then(({ reasons }) => reasons?.[reason] ?? ENGLISH_REASONS[reason]);
  }

  private async textsFor(request?: object): Promise<MfaLocaleTexts> {
    const user = request
      ? (getMfaUser(request) ?? (request as { user?: MfaUser | null }).user ?? null)
      : null;
    return textsOf(await this.getLocale(user, request), this.mfa.options.locales);
  }
}

/** @param label the label of the type, if it has one; keys don't */
function nameOf(label: string | undefined, number: number): string {
  if (label !== undefined) return number === 1 ? label : `${label} ${number}`;
  return ['Master key', 'Backup key'][number - 1] ?? `Key nr. ${number}`;
}
