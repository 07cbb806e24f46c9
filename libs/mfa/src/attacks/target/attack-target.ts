import type { AttackAnswer } from './attack-answer.js';
import type { AttackClient } from './attack-client.js';

/** A user that the target has registered for an attack. It holds whatever the target's functions need to identify the user. */
export type AttackUser = object;

/** The target's clock, which can be moved forward. */
export interface AttackClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  advance(seconds: number): void | Promise<void>;
}

/**
 * The application under attack, as described by its team. Each optional part makes more attacks possible; without it, they are reported
 * as not applicable, or as for you to check.
 */
export interface AttackTarget<User extends AttackUser = AttackUser> {
  /** The name in reports. Default: {@link baseUrl}. */
  name?: string;
  /** Where the application listens, without a path. No request goes anywhere else, and redirects aren't followed. */
  baseUrl: string;
  /**
   * Confirms that this is a staging system on which accounts may be created, locked and broken into, and that its owner agrees. Nothing
   * is sent without it.
   */
  iMayAttackThis: boolean;
  /** Creates a new account with a password and no second factor. */
  register(client: AttackClient): Promise<User>;
  /** Proves the first factor, like a page of the application, and nothing more. */
  signIn(client: AttackClient, user: User): Promise<unknown>;
  /** A path that responds to GET with 200 only after a second factor. */
  protectedRoute: string;
  /** A path that requires a recently proven second factor. Default: {@link protectedRoute}. */
  stepUpRoute?: string;
  /** The path of the routes of nestjs-mfa. Default: `/mfa`. */
  mfaPath?: string;
  /** The origin of the application's pages for WebAuthn and the header `Origin`. Default: that of {@link baseUrl}. */
  origin?: string;
  /** Transports the session in this header, as clients other than browsers do: `x-mfa-session`. Default: cookies. */
  sessionHeader?: string;
  /**
   * Called with each response, for example to store its access token: `client.headers['authorization'] = …`. It may send requests itself,
   * such as to refresh the token after a factor was set up.
   */
  afterAnswer?(client: AttackClient, answer: AttackAnswer): void | Promise<void>;
  /** Where a second instance on the same database listens. Parallel attacks use both. */
  secondInstance?: string;
  /** The clock that the target was started with. Without it, attacks wait for at most 35 seconds. */
  clock?: AttackClock;
  settings?: AttackSettings;
  limits?: AttackLimits;
  /** Other ways to sign in, by name: an emailed link, single sign-on, the end of a password reset. None of them is a second factor. */
  otherSignIns?: Record<string, (client: AttackClient, user: User) => Promise<unknown>>;
  /** Creates an account that must have a second factor, like those of staff. */
  registerRequired?(client: AttackClient): Promise<User>;
  /** Does something that needs a fresh proof each time (`@RequireMfa({ once: true })`), such as a transfer of one cent. */
  spendProof?(client: AttackClient): Promise<AttackAnswer>;
  /** How to create accounts with a passkey alone (option `passkeySignUp`). */
  signUp?: AttackSignUp;
  /** Proves the password again in an existing session. */
  reauthenticate?(client: AttackClient, user: User): Promise<unknown>;
  /** Changes the password, in a session that is allowed to. */
  changePassword?(client: AttackClient, user: User): Promise<unknown>;
  /** Signs out as the application does. Default: `DELETE /mfa/session`. */
  signOut?(client: AttackClient): Promise<unknown>;
  /** Removes all factors, as support does for users who have lost them. */
  resetByAdmin?(user: User): Promise<unknown>;
  /** Deletes the account. */
  removeUser?(user: User): Promise<unknown>;
  /** Returns the texts of the emails and messages to this user, newest first. */
  readMail?(user: User): Promise<readonly string[]>;
  /** Returns all rows of the database as text: a dump, or `JSON.stringify` of each table. */
  stored?(): Promise<string>;
  /** Returns everything that was logged so far. */
  logged?(): Promise<string>;
  /** Makes the database unavailable. The returned function makes it available again. */
  breakStorage?(): Promise<() => Promise<void>>;
}

/** The input of `POST /mfa/sign-up` apart from the passkey. */
export interface AttackSignUp {
  /** Returns an unused name, usually an address. */
  newName(): string;
  /** Further fields that the adapter's `createUser` requires. */
  fields?: Record<string, unknown>;
}

/** The target's settings, where they differ from the defaults. */
export interface AttackSettings {
  /** How many time steps before and after the current one are accepted (`totp.tolerance`). Default: 1. */
  totpTolerance?: number;
  /** For how many seconds after a proof factors can be changed (`changesMaxAgeSeconds`). Default: 900. */
  freshSeconds?: number;
  /** The lifetime of a half-finished sign-in, in seconds (`session.pendingTtlSeconds`). Default: 900. */
  pendingSeconds?: number;
  /** The window of the attempt limit, in seconds (`rateLimit.windowSeconds`). Default: 300. */
  windowSeconds?: number;
  /** When a session ends even if it is used, in seconds (`session.ttlSeconds`). Default: 43,200. */
  sessionSeconds?: number;
  /** When an unused session ends, in seconds (`session.idleTtlSeconds`). Default: 0, never. */
  idleSeconds?: number;
  /** Names of cookies that scripts need to read, such as a CSRF token. Default: none. */
  readableCookies?: readonly string[];
}

/** How hard to hit the target. */
export interface AttackLimits {
  /** Wrong codes sent at once. Default: 60. */
  guesses?: number;
  /** Requests sent at once with the same proof. Default: 20. */
  parallel?: number;
  /** How many wrong codes of a user may be judged per window; with more, the target fell. Default: 10. */
  judgedGuesses?: number;
  /** How long to wait for a response, in milliseconds. Default: 10,000. */
  timeout?: number;
}
