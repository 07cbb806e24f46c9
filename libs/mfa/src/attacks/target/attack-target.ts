import type { AttackAnswer } from './attack-answer.js';
import type { AttackClient } from './attack-client.js';

/** Somebody whom the target has registered for an attack; whatever the target's functions need to know them again. */
export type AttackUser = object;

/** A moment of the target, and how to get to a later one. */
export interface AttackClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  advance(seconds: number): void | Promise<void>;
}

/**
 * The application that is attacked, as its team describes it. All that is optional makes more attacks possible; without it they are
 * reported as not applicable, or as for you to check.
 */
export interface AttackTarget<User extends AttackUser = AttackUser> {
  /** What reports call it. Default: {@link baseUrl}. */
  name?: string;
  /** Where it answers, without a path. No request goes anywhere else, and no redirect is followed there. */
  baseUrl: string;
  /**
   * That this is a staging system on which accounts may be made, locked and broken into, and that its owner agrees. Nothing is sent
   * without it.
   */
  iMayAttackThis: boolean;
  /** Makes a new account with a password and no second factor. */
  register(client: AttackClient): Promise<User>;
  /** Proves the first factor, as a page of the application does, and no more. */
  signIn(client: AttackClient, user: User): Promise<unknown>;
  /** A path whose GET answers 200 only with a second factor. */
  protectedRoute: string;
  /** A path that wants a second factor proven lately. Default: {@link protectedRoute}. */
  stepUpRoute?: string;
  /** Where the routes of nestjs-mfa are. Default: `/mfa`. */
  mfaPath?: string;
  /** The origin of the application's pages, as WebAuthn and `Origin` name it. Default: that of {@link baseUrl}. */
  origin?: string;
  /** Carries the session in this header, as clients other than browsers do: `x-mfa-session`. Default: cookies. */
  sessionHeader?: string;
  /**
   * Sees each answer, to take an access token out of it: `client.headers['authorization'] = …`. It may send requests of its own, as to
   * refresh the token after a factor was set up.
   */
  afterAnswer?(client: AttackClient, answer: AttackAnswer): void | Promise<void>;
  /** Where a second instance on the same database answers: attacks in parallel go to both. */
  secondInstance?: string;
  /** A clock that the target was started with; without one, attacks wait for 35 seconds at most. */
  clock?: AttackClock;
  settings?: AttackSettings;
  limits?: AttackLimits;
  /** Further ways in, by name: a link by mail, single sign-on, the end of a password reset. None is a second factor. */
  otherSignIns?: Record<string, (client: AttackClient, user: User) => Promise<unknown>>;
  /** Makes an account that must have a second factor, as those of staff. */
  registerRequired?(client: AttackClient): Promise<User>;
  /** Does what takes a proof of its own each time (`@RequireMfa({ once: true })`): a transfer of one cent, say. */
  spendProof?(client: AttackClient): Promise<AttackAnswer>;
  /** How accounts are made with a passkey alone (option `passkeySignUp`). */
  signUp?: AttackSignUp;
  /** Proves the password again in a session that there is. */
  reauthenticate?(client: AttackClient, user: User): Promise<unknown>;
  /** Changes the password, in a session that may. */
  changePassword?(client: AttackClient, user: User): Promise<unknown>;
  /** The application's own way out. Default: `DELETE /mfa/session`. */
  signOut?(client: AttackClient): Promise<unknown>;
  /** Takes away all factors, as support does for who has lost them. */
  resetByAdmin?(user: User): Promise<unknown>;
  /** Deletes the account. */
  removeUser?(user: User): Promise<unknown>;
  /** Texts of the mails and messages to this user, the newest first. */
  readMail?(user: User): Promise<readonly string[]>;
  /** All rows of the database, as text: a dump, or `JSON.stringify` of each table. */
  stored?(): Promise<string>;
  /** All that was logged so far. */
  logged?(): Promise<string>;
  /** Keeps the database from answering; what it gives lets it answer again. */
  breakStorage?(): Promise<() => Promise<void>>;
}

/** What `POST /mfa/sign-up` takes besides the passkey. */
export interface AttackSignUp {
  /** A name that nobody has: an address, mostly. */
  newName(): string;
  /** What the adapter's `createUser` asks for besides. */
  fields?: Record<string, unknown>;
}

/** How the target is set up, where that is not by default. */
export interface AttackSettings {
  /** Time steps before and after the present one whose code is taken (`totp.tolerance`). Default: 1. */
  totpTolerance?: number;
  /** For how many seconds changes of factors are open after a proof (`changesMaxAgeSeconds`). Default: 900. */
  freshSeconds?: number;
  /** How long a half-finished sign-in lives, in seconds (`session.pendingTtlSeconds`). Default: 900. */
  pendingSeconds?: number;
  /** The window of the budget of attempts, in seconds (`rateLimit.windowSeconds`). Default: 300. */
  windowSeconds?: number;
  /** When a session ends, however it is used, in seconds (`session.ttlSeconds`). Default: 43,200. */
  sessionSeconds?: number;
  /** When a session ends that nobody uses, in seconds (`session.idleTtlSeconds`). Default: 0, never. */
  idleSeconds?: number;
  /** Names of cookies that scripts have to read, such as one against CSRF. Default: none. */
  readableCookies?: readonly string[];
}

/** How hard the target is hit. */
export interface AttackLimits {
  /** Wrong codes at once. Default: 60. */
  guesses?: number;
  /** Requests with one and the same proof at once. Default: 20. */
  parallel?: number;
  /** Wrong codes that a user may have judged in one window: more is a fall. Default: 10. */
  judgedGuesses?: number;
  /** Milliseconds after which an answer counts as none. Default: 10,000. */
  timeout?: number;
}
