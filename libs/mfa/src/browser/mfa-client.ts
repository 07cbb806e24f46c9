import type { MfaType } from '../core/policy/methods.js';
import type { MfaNeeds } from '../core/policy/policy.js';
import type { WebAuthnCredentialRole } from '../factors/webauthn/credential-role.js';
import type {
  Activation,
  Authenticator,
  ListedAuthenticator,
  MfaStatus,
  RecoveryCodesSummary,
  ReportedAuthenticator,
  SentCode,
  MfaSessionState,
  SignIn,
  SignUp,
  MfaSignedInSession,
  TotpSetup,
  TrustedDevice,
  WebAuthnSignals,
} from './answers.js';
import type { HeadersOption } from './call.js';
import type { Fetch } from './session-header.js';

export interface MfaClientOptions {
  /** Where the API is: a path, or a full URL on another origin. Default: `/mfa`. */
  baseUrl?: string;
  /** Sends the requests; wrap it with `withStepUp` for routes that need a recent proof. Default: the global `fetch`. */
  fetch?: Fetch;
  /** Additional request headers, such as an access token, or a function that returns them. */
  headers?: HeadersOption;
  /** Whether cookies are sent: `same-origin` (default), or `include` for an API on another origin. */
  credentials?: RequestCredentials;
  /** The name of the session header, such as `x-mfa-session`, to keep the token in memory instead of a cookie. */
  sessionHeader?: string;
}

/** A factor of the option `factors`: `email_code`, `sms_code` or a custom one. */
export type FactorName = MfaType | (string & {});

export interface EndsOthers {
  /** Whether the user is signed out everywhere else. With the first second factor this always happens. */
  endOtherSessions?: boolean;
}

/** The first code of a factor, which activates it. */
export interface FirstCode extends EndsOthers {
  code: string;
  name?: string;
}

export interface CeremonyRequest {
  /** Ends the ceremony with `ceremony_cancelled`. */
  signal?: AbortSignal;
}

export interface TrustRequest {
  /** Whether this browser may skip the second factor for a while. Has no effect unless the application allows it. */
  trustDevice?: boolean;
}

/**
 * The HTTP API as functions. All of them reject with `MfaClientError`.
 *
 * @typeParam CompleteLogin what the application's `completeLogin` adds to a completed sign-in
 */
export interface MfaClient<CompleteLogin extends object = object> {
  status(): Promise<MfaStatus>;

  /** The user's factors, oldest first, optionally only those of one type. */
  listAuthenticators(type?: MfaType): Promise<ListedAuthenticator[]>;
  /** @param name 1 to 100 characters */
  renameAuthenticator(id: string, name: string): Promise<Authenticator>;
  /** Removes a factor. A passkey is removed from the browser too where possible. */
  removeAuthenticator(id: string): Promise<void>;

  /** The factors that can be reported as lost, also while the user is only half signed in. */
  listReportable(): Promise<ReportedAuthenticator[]>;
  /**
   * Reports a factor as lost; a half-finished sign-in is enough. The factor stops working, the user is signed out
   * everywhere else and still owes a second factor.
   */
  suspendAuthenticator(id: string): Promise<ReportedAuthenticator>;
  /** Re-enables a factor that was reported as lost. Needs a recent proof of another one. */
  resumeAuthenticator(id: string): Promise<Authenticator>;

  /**
   * Begins the setup of an authenticator app. Nothing changes until it is activated.
   *
   * @param request `replaces`: the id of the app that the new one then replaces
   */
  beginTotp(request?: { replaces?: string }): Promise<TotpSetup>;
  /** @param request the app's first code */
  activateTotp(request: FirstCode): Promise<Activation & Partial<CompleteLogin>>;

  /**
   * Begins the setup of a factor of the option `factors`. `email_code` and `sms_code` send a code.
   *
   * @param request what the factor needs
   * @returns what the user must see
   */
  beginFactor<Answer extends object = SentCode>(type: FactorName, request?: object): Promise<Answer>;
  /** @param request the first code */
  activateFactor(type: FactorName, request: FirstCode): Promise<Activation & Partial<CompleteLogin>>;

  /** Registers a security key or, with `passwordless`, a passkey that signs in on its own. */
  addSecurityKey(
    request?: { name?: string; passwordless?: boolean; role?: WebAuthnCredentialRole } & EndsOthers &
      CeremonyRequest,
  ): Promise<Activation & Partial<CompleteLogin>>;
  /**
   * Creates a passkey without a prompt, where the browser and its password manager support it (conditional create).
   * Call it after a sign-in with a password that the manager filled in. The passkey then signs in on its own, and the
   * password keeps working.
   *
   * @returns null if none was created: this browser doesn't support it, or there is one already
   * @throws {MfaClientError} `reauthentication_required` when the password was proven more than five minutes ago
   */
  upgradeToPasskey(request?: { name?: string } & CeremonyRequest): Promise<Activation | null>;
  /** Arguments for the browser's signal methods. */
  webauthnSignals(): Promise<WebAuthnSignals>;
  /**
   * Tells the browser which passkeys still work and the user's current name. The client does this itself after removing
   * or renaming a passkey; call it after the application has changed the user's name. Never rejects, since browsers
   * treat it as a hint.
   */
  syncPasskeys(): Promise<void>;

  recoveryCodes(): Promise<RecoveryCodesSummary>;
  /** Generates new codes, shown only once. The old ones stop working. */
  regenerateRecoveryCodes(request?: EndsOthers): Promise<{ codes: string[] }>;

  /**
   * Sends a code to the address or number that the user has verified, to complete a sign-in or step up: pass it to
   * `authenticate`. The code sent before stops working.
   *
   * @param request which authenticator, if there are several of the type
   */
  sendCode(type: FactorName, request?: { authenticatorId?: string }): Promise<SentCode>;
  /**
   * Completes a sign-in, or steps up, with a code: from the authenticator app, one that was sent, or a recovery code.
   */
  authenticate(request: { code: string } & TrustRequest): Promise<SignIn & CompleteLogin>;
  /** Like `authenticate`, with a security key. `needs`: what the refusal said the proof must show. */
  authenticateWithKey(
    request?: TrustRequest & CeremonyRequest & { needs?: MfaNeeds | undefined },
  ): Promise<SignIn & CompleteLogin>;

  /**
   * Creates an account with a passkey and signs in (option `passkeySignUp`). Show the recovery codes: they are returned
   * only once.
   *
   * @param request `fields`: what else the application asks for
   */
  signUpWithPasskey(
    request: { name: string; displayName?: string; fields?: Record<string, unknown> } & CeremonyRequest,
  ): Promise<SignUp & CompleteLogin>;
  /** Signs in with just a passkey, in the browser's dialog. */
  signInWithPasskey(request?: CeremonyRequest): Promise<SignIn & CompleteLogin>;
  /**
   * Signs in with a passkey if there is one on this device, without a page in between. Call it when the user asks to
   * sign in ("Sign in", "Check out"), since browsers require a click. If it resolves to null, show the sign-in page.
   *
   * @returns null if the browser can't (UI mode `immediate`), there is no passkey on the device, or the user has closed
   * the dialog
   */
  signInWithPasskeyImmediately(): Promise<(SignIn & CompleteLogin) | null>;
  /**
   * Offers passkeys among the suggestions of an `<input autocomplete="username webauthn">` and signs in with the one
   * the user picks. Stays pending until then; rejects with `ceremony_cancelled` when aborted or when another ceremony
   * begins.
   */
  signInWithPasskeyAutofill(request?: CeremonyRequest): Promise<SignIn & CompleteLogin>;

  /** The browsers that skip the second factor. */
  listTrustedDevices(): Promise<TrustedDevice[]>;
  revokeTrustedDevice(id: string): Promise<void>;
  revokeAllTrustedDevices(): Promise<void>;

  /** The sessions in which the user is signed in, newest first. */
  listSessions(): Promise<MfaSignedInSession[]>;
  /** Ends a session. For the client's own session, use {@link endSession}. */
  endSessionOf(id: string): Promise<void>;
  /** Signs out everywhere else. */
  endOtherSessions(): Promise<void>;

  /**
   * The session, which may be a half-finished sign-in: a reloaded page continues from there. Rejects with a 401 without
   * one.
   */
  session(): Promise<MfaSessionState>;
  endSession(): Promise<void>;

  /** For the application's own routes: with the header transport, it sends the session to the API's origin. */
  readonly fetch: Fetch;
  /** The token of the header transport. Set it after a sign-in whose response hides its headers (CORS). */
  sessionToken: string | null;
}
