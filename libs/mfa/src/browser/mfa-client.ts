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
  /** Where the API is: a path, or a full address on another origin. `/mfa` by default. */
  baseUrl?: string;
  /** Sends the requests; wrap it with `withStepUp` for routes that need a recent proof. The global one by default. */
  fetch?: Fetch;
  /** Further headers of the client's requests, or what gives them: an access token, say. */
  headers?: HeadersOption;
  /** Whether cookies go along; `same-origin` by default, `include` for an API on another origin. */
  credentials?: RequestCredentials;
  /** The name of the session header, `x-mfa-session` say, to keep the token in memory instead of a cookie. */
  sessionHeader?: string;
}

/** A factor of the option `factors`: `email_code`, `sms_code`, or one of the application's own. */
export type FactorName = MfaType | (string & {});

export interface EndsOthers {
  /** Whether the user is signed out everywhere else. With the first second factor that happens in any case. */
  endOtherSessions?: boolean;
}

/** What activates a factor. */
export interface FirstCode extends EndsOthers {
  code: string;
  name?: string;
}

export interface CeremonyRequest {
  /** Ends the ceremony with `ceremony_cancelled`. */
  signal?: AbortSignal;
}

export interface TrustRequest {
  /** Whether this browser may skip the second factor for a while; without effect unless the application allows it. */
  trustDevice?: boolean;
}

/**
 * The HTTP API as functions. All of them reject with `MfaClientError`.
 *
 * @typeParam CompleteLogin what the application's `completeLogin` adds to a finished sign-in
 */
export interface MfaClient<CompleteLogin extends object = object> {
  status(): Promise<MfaStatus>;

  /** The user's factors, oldest first, of one type if one is given. */
  listAuthenticators(type?: MfaType): Promise<ListedAuthenticator[]>;
  /** @param name 1 to 100 characters */
  renameAuthenticator(id: string, name: string): Promise<Authenticator>;
  /** Removes a factor; a passkey disappears from the browser too where that is possible. */
  removeAuthenticator(id: string): Promise<void>;

  /** What can be reported as lost: for somebody half signed in, too. */
  listReportable(): Promise<ReportedAuthenticator[]>;
  /**
   * Reports a factor as lost; half a sign-in is enough. It verifies nothing from then on, the user is signed out everywhere else, and
   * still owes a second factor.
   */
  suspendAuthenticator(id: string): Promise<ReportedAuthenticator>;
  /** Lets a factor verify again that was reported as lost; needs a recent proof of another. */
  resumeAuthenticator(id: string): Promise<Authenticator>;

  /**
   * Begins the set-up of an authenticator app. Nothing changes until it is activated.
   *
   * @param request the id of the app whose place the new one takes then
   */
  beginTotp(request?: { replaces?: string }): Promise<TotpSetup>;
  /** @param request the app's first code */
  activateTotp(request: FirstCode): Promise<Activation & Partial<CompleteLogin>>;

  /**
   * Begins the set-up of a factor of the option `factors`; with `email_code` and `sms_code` a code is on its way then.
   *
   * @param request what the factor asks for
   * @returns what the user must see
   */
  beginFactor<Answer extends object = SentCode>(type: FactorName, request?: object): Promise<Answer>;
  /** @param request the first code */
  activateFactor(type: FactorName, request: FirstCode): Promise<Activation & Partial<CompleteLogin>>;

  /** Registers a security key, or with `passwordless` a passkey that signs in alone. */
  addSecurityKey(
    request?: { name?: string; passwordless?: boolean; role?: WebAuthnCredentialRole } & EndsOthers &
      CeremonyRequest,
  ): Promise<Activation & Partial<CompleteLogin>>;
  /**
   * Makes a passkey without asking, where the browser and its password manager do that (conditional create): to be called after a
   * sign-in with a password that the manager has filled in. It signs in by itself from then on, and the password goes on doing so.
   *
   * @returns null where none was made: this browser does not, or there is one
   * @throws {MfaClientError} `reauthentication_required` when the password is older than five minutes
   */
  upgradeToPasskey(request?: { name?: string } & CeremonyRequest): Promise<Activation | null>;
  /** What the browser's signal methods take. */
  webauthnSignals(): Promise<WebAuthnSignals>;
  /**
   * Tells the browser which passkeys still work and how the user is called now. It is done after a removal or a rename here; call it
   * after the application has changed the user's name. Never rejects: browsers take it as advice.
   */
  syncPasskeys(): Promise<void>;

  recoveryCodes(): Promise<RecoveryCodesSummary>;
  /** New codes, shown this once; the old ones are dead. */
  regenerateRecoveryCodes(request?: EndsOthers): Promise<{ codes: string[] }>;

  /**
   * Sends a code to the address or number that the user has proven, to finish a sign-in or to step up: `authenticate` takes it. It kills
   * the code that was sent before.
   *
   * @param request which authenticator, of several of the type
   */
  sendCode(type: FactorName, request?: { authenticatorId?: string }): Promise<SentCode>;
  /** Finishes a sign-in, or steps up, with a code: of the authenticator app, one that was sent, or a recovery code. */
  authenticate(request: { code: string } & TrustRequest): Promise<SignIn & CompleteLogin>;
  /** The same with a security key; `needs`, what a refusal says that it has to show. */
  authenticateWithKey(
    request?: TrustRequest & CeremonyRequest & { needs?: MfaNeeds | undefined },
  ): Promise<SignIn & CompleteLogin>;

  /**
   * Makes an account with a passkey and signs in (option `passkeySignUp`). Show the recovery codes: they come this once.
   *
   * @param request `fields`: what the application asks for besides
   */
  signUpWithPasskey(
    request: { name: string; displayName?: string; fields?: Record<string, unknown> } & CeremonyRequest,
  ): Promise<SignUp & CompleteLogin>;
  /** Signs in with a passkey alone, by the browser's dialogue. */
  signInWithPasskey(request?: CeremonyRequest): Promise<SignIn & CompleteLogin>;
  /**
   * Signs in with a passkey if one is at hand on this device, without a page in between: to be called when the user asks to sign in
   * ("Sign in", "Check out"), since browsers want a click for it. Where it resolves to null, show the sign-in page.
   *
   * @returns null where the browser can't (UI mode `immediate`), no passkey is at hand, or the user has closed the dialogue
   */
  signInWithPasskeyImmediately(): Promise<(SignIn & CompleteLogin) | null>;
  /**
   * Offers passkeys among the suggestions of an `<input autocomplete="username webauthn">` and signs in with the one that the user
   * picks. Stays pending until then; ends with `ceremony_cancelled` when aborted or when another ceremony begins.
   */
  signInWithPasskeyAutofill(request?: CeremonyRequest): Promise<SignIn & CompleteLogin>;

  /** The browsers that skip the second factor. */
  listTrustedDevices(): Promise<TrustedDevice[]>;
  revokeTrustedDevice(id: string): Promise<void>;
  revokeAllTrustedDevices(): Promise<void>;

  /** Where the user is signed in, the newest first. */
  listSessions(): Promise<MfaSignedInSession[]>;
  /** Signs out there; of the client's own session it is {@link endSession}. */
  endSessionOf(id: string): Promise<void>;
  /** Signs out everywhere else. */
  endOtherSessions(): Promise<void>;

  /** The session, a half-finished sign-in too: where a page that was reloaded goes on. Rejects with a 401 without one. */
  session(): Promise<MfaSessionState>;
  endSession(): Promise<void>;

  /** For the application's own routes: with the header transport it carries the session to the API's origin. */
  readonly fetch: Fetch;
  /** The token of the header transport. Set it from a sign-in whose answer hides its headers (CORS). */
  sessionToken: string | null;
}
