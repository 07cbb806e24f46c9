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
import { SECOND_FACTOR_TYPES, traitsOf } from '../core/policy/methods.js';
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
import { flagOf, userIdOf } from '../core/users/mfa-user.js';
import { overlayUser } from '../core/users/user-overlay.js';
import type { MfaNotification } from '../core/users/notification.js';
import type {
  MfaDeletionContext,
  MfaRequirementContext,
  MfaSignInContext,
  MfaSuspensionContext,
} from './hook-contexts.js';

/** The relying party of WebAuthn (Level 3, section 5.4.2). */
export interface PublicKeyCredentialRpEntity {
  /** A domain without scheme and port. */
  id: string;
  name: string;
}

/** The account of WebAuthn (Level 3, section 5.4.3). */
export interface PublicKeyCredentialUserEntity {
  /** The user handle in base64url: 1 to 64 bytes that say nothing about the user. */
  id: string;
  name: string;
  displayName: string;
}

/** What is known of the authenticator that made a registration. */
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

/** The user as {@link MfaUser}: the very object, so that nothing that it knows is lost. */
function passportUser(user: PassportUser): MfaUser | null {
  const findId = () => user.id ?? user.userId ?? user.sub ?? undefined;
  if (findId() === undefined) return null;
  if (user.id !== undefined && user.id !== null) return user as MfaUser;
  const known = withIds.get(user) ?? overlayUser(user, { id: findId });
  withIds.set(user, known);
  return known;
}

const withIds = new WeakMap<object, MfaUser>();

/** Whose a session is, as the adapter has found them. */
const owners = new SideTable<AuthenticationSession, Promise<MfaUser | null>>();

/**
 * The one place where the application's own world comes in. Extend it, override what differs, and give the class as
 * the option `adapter`. All hooks may return a promise; one that throws refuses the request.
 */
export class DefaultMfaAdapter {
  private readonly logger = new Logger(DefaultMfaAdapter.name);
  private context?: MfaAdapterContext;

  /** Texts by error code. An override may name a few, which then count in every language. */
  errorMessages: Partial<MfaErrorMessages> = { ...DEFAULT_MFA_ERROR_MESSAGES };

  /** @internal */
  [CONNECT_ADAPTER](context: MfaAdapterContext): void {
    this.context = context;
  }

  /** The options, keys and look-ups that the default hooks use. */
  protected get mfa(): MfaAdapterContext {
    if (!this.context) {
      throw new Error(
        'This adapter is not connected: give it to MfaModule.forRoot({ adapter }), and use it after boot',
      );
    }
    return this.context;
  }

  /**
   * The signed-in user of a request, or null. Default: `request.user` as Passport leaves it (`id`, `userId` or `sub`);
   * without one, the user of the authenticated session. A pending session is nobody.
   */
  getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
    const { user } = request as { user?: PassportUser | null };
    if (user) return passportUser(user);
    const session = getMfaSession(request);
    if (!session) return null;
    // Once for what was read of the session, however many guards ask.
    const owner = owners.get(session) ?? this.findOwner(session.userId);
    owners.set(session, owner);
    return owner;
  }

  /** The user of that id; somebody else is not meant. */
  private async findOwner(userId: string): Promise<MfaUser | null> {
    const user = await this.findUser(userId);
    return user && userIdOf(user) === userId ? user : null;
  }

  /** When the application itself last proved this user, such as a JWT's `auth_time` (in seconds there). Default: null. */
  getAuthenticatedAt(_request: object): Date | null | Promise<Date | null> {
    return null;
  }

  /**
   * The user of that id, or null when gone or disabled, which refuses to finish a sign-in. Default: `{ id }`, which
   * knows nothing: override it when users can be disabled, are staff, or have addresses.
   */
  findUser(userId: string): MfaUser | null | Promise<MfaUser | null> {
    return { id: userId };
  }

  /**
   * Makes the user of a sign-up with a passkey (option `passkeySignUp`), once its ceremony is done. A new one in any case: whoever is
   * returned gets the passkey. Null refuses the sign-up in the words of a failed ceremony, as where the name is taken; an `HttpException`
   * is answered as it is. Decide by a unique constraint: two may come at once. Default: null.
   */
  createUser(_signUp: MfaSignUp, _request: object): MfaUser | null | Promise<MfaUser | null> {
    return null;
  }

  /** Removes the user that {@link createUser} has just made: the passkey could not be kept, so nobody can sign in as them. Default: nothing. */
  discardUser(_user: MfaUser): void | Promise<void> {
    // An application without the option has nothing to remove.
  }

  /**
   * Whether this is the user's password, for the page `reauthenticate`; null: the application does not say, and the page sends
   * its user to sign in again. It is asked within the user's budget of attempts. Default: null.
   */
  checkPassword(
    _user: MfaUser,
    _password: string,
    _request: object,
  ): boolean | null | Promise<boolean | null> {
    return null;
  }

  /** Extra fields for the answer that completes a sign-in, such as an access token. Default: none. */
  completeLogin(
    _user: MfaUser,
    _session: AuthenticationSession,
    _request: object,
    _response: object,
  ): Record<string, unknown> | Promise<Record<string, unknown>> {
    return {};
  }

  /** How the user is called in an authenticator app. Default: email, else username, else id. */
  getTotpLabel(user: MfaUser): string | Promise<string> {
    return user.email || user.username || String(user.id);
  }

  /** How the application is called in an authenticator app. Default: the option `totp.issuer`. */
  getTotpIssuer(): string | Promise<string> {
    return this.mfa.options.totp.issuer;
  }

  /**
   * How mails and pages call the application. Default: the option `webauthn.rpName`, else `totp.issuer`; where only
   * {@link getTotpIssuer} is overridden, what that says.
   */
  getSiteName(): string | Promise<string> {
    if (this.getTotpIssuer !== DefaultMfaAdapter.prototype.getTotpIssuer) return this.getTotpIssuer();
    const { webauthn, totp } = this.mfa.options;
    return webauthn?.rpName || totp.issuer;
  }

  /**
   * Whom a user asks who is locked out or was told of something they did not do, for mails and pages: a text, or a link
   * (`https:`, `mailto:`, `tel:`, or a path of this site). Default: none.
   */
  getSupportContact(_user: MfaUser): string | null | Promise<string | null> {
    return null;
  }

  /**
   * Where in the world an address is, in words for the user who looks at their sessions ("Vienna, Austria"); null: it is not said.
   * Default: null.
   */
  getPlace(_ip: string): string | null | Promise<string | null> {
    return null;
  }

  /** The `otpauth://totp/…` URI of the QR code (Key URI format). `secret` is base32. */
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

  /** The QR code of that URI as SVG markup. An override is also what `qrCode` shows. */
  buildTotpSvg(url: string): string | Promise<string> {
    return drawSvg(url);
  }

  /**
   * Encrypts what is kept of a factor, and the module's own keys (`context.purpose` is `key`), which are asked for when the
   * application boots. Default: AES-256-GCM under a key derived from `secret`, bound to its owner.
   */
  encrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    return seal(this.mfa.keyRing, text, context);
  }

  /**
   * Decrypts what `encrypt` made. Throw `new MfaException('storage_unavailable')` while the key service can't be reached: the request is
   * answered with it, and nothing is spent. Throw {@link MfaEnvelopeError} for what is lost for good. After any other error a factor counts as
   * unreadable, and the user's others go on; the module's own keys (`context.purpose` is `key`) are asked for again.
   */
  decrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    return open(this.mfa.keyRing, text, context);
  }

  /** Who asks for a key. Default: the options `webauthn.rpId` and `rpName`. */
  getPublicKeyCredentialRpEntity(): PublicKeyCredentialRpEntity | Promise<PublicKeyCredentialRpEntity> {
    const { rpId = '', rpName = '' } = this.mfa.options.webauthn ?? {};
    return { id: rpId, name: rpName };
  }

  /**
   * For whom a key is made. Default: the random handle, the email or username, and the display name.
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
   * The last word on a registration whose attestation has been verified, for checks against metadata such as the FIDO
   * Metadata Service. Default: true.
   */
  verifyAttestation(_attestation: MfaAttestationInfo, _user: MfaUser): boolean | Promise<boolean> {
    return true;
  }

  /** Who made an authenticator, by its AAGUID; null: as far as the module knows itself. Default: null. */
  getAuthenticatorProvider(_aaguid: string): string | null | Promise<string | null> {
    return null;
  }

  /**
   * Whether this authenticator may be deleted; asked on every delete path, which `context.by` tells apart. Default: true.
   */
  canDeleteAuthenticator(
    _authenticator: Authenticator,
    _context: MfaDeletionContext,
  ): boolean | Promise<boolean> {
    return true;
  }

  /**
   * Whether this authenticator may be suspended as lost. A user is asked for no second factor then. Answer `!context.isLast` where
   * a thief who has the password must not be able to keep the owner out until an administrator helps. Default: true.
   */
  canSuspendAuthenticator(
    _authenticator: Authenticator,
    _context: MfaSuspensionContext,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether this user must have a second factor. Default: staff, when the option `requiredForStaff` is on. */
  isMfaRequired(user: MfaUser, _context: MfaRequirementContext): boolean | Promise<boolean> {
    return this.mfa.options.requiredForStaff && flagOf(user, 'isStaff') === true;
  }

  /**
   * Whether this sign-in comes from an identity provider that has itself asked for several factors, and when: a `Date`, or
   * true for now. Such a sign-in owes no second factor here, and passes `@RequireMfa()` for as long as one would; not where
   * the route names methods, and never to change the user's own factors. Missing evidence is none (ASVS v5.0.0-6.8.4);
   * `readExternalMfa` reads it from the provider's claims. Default: false.
   */
  trustExternalMfa(_user: MfaUser, _request: object): boolean | Date | Promise<boolean | Date> {
    return false;
  }

  /**
   * Whether a sign-in is new, so that its user is told of it (option `newSignIn`). It is complete by then, and waits for the answer; a
   * hook that fails refuses nothing, and is logged. Default: where the user had not signed in with this browser before.
   */
  isNewSignIn(_user: MfaUser, { lastSignInAt }: MfaSignInContext): boolean | Promise<boolean> {
    return lastSignInAt === null;
  }

  /**
   * Whether the user has a second factor, of the given types if any are given.
   *
   * @param authenticators the user's rows, when the caller has read them; saves a query
   */
  async isMfaEnabled(
    user: MfaUser,
    types: readonly MfaType[] = SECOND_FACTOR_TYPES,
    authenticators?: readonly Authenticator[],
  ): Promise<boolean> {
    const rows = authenticators ?? (await this.mfa.findAuthenticators(userIdOf(user)));
    return rows.some((row) => types.includes(row.type) && isSecondFactorRow(row));
  }

  /**
   * The name of a new authenticator that the user did not name. Default: `Master key`, `Backup key`, `Key nr. 3`, … for
   * keys; the kind of factor for the others. It is none that another of the kind has.
   */
  async generateAuthenticatorName(user: MfaUser, type: MfaType): Promise<string> {
    const { label, maxPerUser = 1 } = traitsOf(type) ?? {};
    if (label !== undefined && maxPerUser === 1) return label;
    const rows = await this.mfa.findAuthenticators(userIdOf(user));
    const taken = rows.filter((row) => row.type === type).map(({ name }) => name);
    let number = taken.length + 1;
    // One that came before may be gone.
    while (taken.includes(nameOf(label, number))) number += 1;
    return nameOf(label, number);
  }

  /**
   * Sends a code of a factor such as `emailCode()` or `smsCode()` to the address or number in it. Whatever it throws is answered
   * with `message_not_sent`, and nothing is spent. Default: throws, since the module can send nothing by itself.
   */
  sendMessage(message: MfaMessage): void | Promise<void> {
    throw new Error(`Override sendMessage() in the adapter to send codes over ${message.channel}`);
  }

  /** Tells the user of a change. Default: logs it. It never fails the request, and the request does not wait for it. */
  sendNotification(notification: MfaNotification, user: MfaUser): void | Promise<void> {
    const factor = notification.authenticatorType ? ` (${notification.authenticatorType})` : '';
    this.logger.log(`${notification.type}${factor} of user ${String(user.id)}`);
  }

  /**
   * The language in which to speak to this user, or to whoever sent the request. Default: the user's `locale`; else what
   * the request prefers (`Accept-Language`) among the option `locales`; else the first of these.
   */
  getLocale(user: MfaUser | null, request?: object): string | Promise<string> {
    const { locales } = this.mfa.options;
    const own: unknown = user?.locale;
    if (typeof own === 'string' && own !== '') return own;
    return preferredLocale(request, locales) || locales[0].locale;
  }

  /**
   * The text of an error code: the place for translation. Default: what an override of `errorMessages` says, else the text
   * in the language of {@link getLocale}, for the user that {@link getUser} found.
   */
  getErrorMessage(code: MfaErrorCode, request?: object): string | Promise<string> {
    const own = this.errorMessages[code];
    if (own !== undefined && own !== DEFAULT_MFA_ERROR_MESSAGES[code]) return own;
    return this.textsFor(request).then(({ errors }) => errors[code]);
  }

  /**
   * The text of what lies behind a refusal, shown in place of that of its code. Default: in the language of
   * {@link getLocale}, as that of the code.
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

/** @param label of a type that has one; keys have names of their own */
function nameOf(label: string | undefined, number: number): string {
  if (label !== undefined) return number === 1 ? label : `${label} ${number}`;
  return ['Master key', 'Backup key'][number - 1] ?? `Key nr. ${number}`;
}
