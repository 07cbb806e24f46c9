import { HttpException, Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { isToken } from '../../core/crypto/tokens.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import {
  addSetCookie,
  readCookies,
  readHeader,
  setHeader,
  assertSameOrigin,
} from '../../core/web/http-message.js';
import { LostCookieWarning } from '../../core/web/lost-cookie-warning.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';
import type { MfaSessionTransport } from '../../core/web/session-transport.js';
import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaProvenMethod } from '../../core/policy/methods.js';
import { provenMethods } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { setMfaSession } from '../rows/mfa-request.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { NewSignIns } from './new-sign-ins.js';
import { MFA_OWN_TRANSPORT } from './own-transport.js';

/** A token that a request presents; `malformed` if it can't be one of this module's. */
export type PresentedToken = { via: TokenPlace; token: string } | { via: TokenPlace; malformed: true };

/** Where the token was found; `own`: wherever the application's own transport keeps it. */
type TokenPlace = 'header' | 'cookie' | 'own';

/** The session header's value with which a client that has no token asks for one in the body. */
const NEW_TOKEN = 'new';

/** Credentials that a page can only add to a request where CORS allows it, unlike those that browsers add by themselves. */
const TOKEN_SCHEME = /^(?:bearer|dpop)\s+\S/i;

/**
 * Carries the session token in an HttpOnly cookie, or in a header for clients that ask for it. If a request has both, only the
 * header counts, so a planted cookie can't replace what the client says. With the option `session.transport`, neither counts.
 */
@Injectable()
export class SessionTransport {
  private readonly logger = new Logger(SessionTransport.name);
  /** Requests for which a failure of the application's transport was logged already. */
  private readonly failed = new WeakSet<object>();

  constructor(
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
    @Inject(LostCookieWarning) private readonly lostCookies: LostCookieWarning,
    @Inject(MFA_OWN_TRANSPORT) private readonly own: MfaSessionTransport | null,
  ) {}

  /**
   * Refuses requests that another site made a browser send, except for sites in the option `trustedOrigins`.
   *
   * @throws {MfaException} `cross_origin`
   */
  assertSameOrigin(request: object): void {
    assertSameOrigin(request, this.options.trustedOrigins);
  }

  /**
   * Whether a browser may have added the credentials of this request by itself: the session cookie, a cookie of the
   * application's, or a stored password or certificate. Any page can make a browser send those.
   */
  isForgeable(request: object): boolean {
    // The application's own transport may read any cookie.
    if (this.own) {
      if (readHeader(request, 'cookie') !== undefined) return true;
    } else {
      if (readHeader(request, this.options.session.header) !== undefined) return false;
      if (this.cookiesOf(request).length > 0) return true;
    }
    return !TOKEN_SCHEME.test(readHeader(request, 'authorization') ?? '');
  }

  /** Whether this client stores its token itself. Another site can't forge such a request. */
  usesHeader(request: object): boolean {
    if (this.own) return false;
    return (
      this.options.session.cookie === false || readHeader(request, this.options.session.header) !== undefined
    );
  }

  /**
   * The token that the request presents, if any.
   *
   * @throws {MfaException} `storage_unavailable` when the application's own transport fails
   */
  async read(request: object): Promise<PresentedToken | null> {
    if (this.own) {
      const token: unknown = await this.askOwn(request, (own) => own.read(request));
      return token === null || token === undefined || token === '' ? null : presented('own', token);
    }
    const header = readHeader(request, this.options.session.header);
    if (header !== undefined) return header === NEW_TOKEN ? null : presented('header', header);
    const [cookie, ...others] = this.cookiesOf(request);
    if (cookie === undefined) return null;
    // They can't be told apart, and the visitor must not end up in the account of whoever planted one.
    return others.length > 0 ? { via: 'cookie', malformed: true } : presented('cookie', cookie);
  }

  /** The presented token, if it can be one of this module's. */
  async readToken(request: object): Promise<string | null> {
    const presented = await this.read(request);
    return presented && 'token' in presented ? presented.token : null;
  }

  /**
   * Hands the token to the client. Returns what belongs in the response body.
   *
   * @throws {MfaException} `storage_unavailable` when the application's own transport fails
   */
  async write(
    request: object,
    response: object | undefined,
    { token, session }: MfaIssuedSession,
  ): Promise<{ sessionToken?: string }> {
    if (this.own) {
      await this.askOwn(request, (own) => own.write(request, response, token, session.expiresAt));
      return {};
    }
    if (this.usesHeader(request)) {
      setHeader(response, this.options.session.header, token);
      return { sessionToken: token };
    }
    if (this.options.session.cookie && this.options.session.cookie.secure) this.lostCookies.check(request);
    this.setCookie(response, token, Math.ceil((session.expiresAt.getTime() - this.clock.now()) / 1000));
    return {};
  }

  /**
   * Makes the client forget the token.
   *
   * @throws {MfaException} `storage_unavailable` when the application's own transport fails
   */
  async clear(request: object, response: object | undefined): Promise<void> {
    if (this.own) await this.askOwn(request, (own) => own.clear(request, response));
    else this.setCookie(response, '', 0);
  }

  /**
   * Calls the application's own transport. If it fails, nobody can tell whether there is a token, so nothing is granted and
   * nobody is told to sign in again, as when the database is unavailable. An HTTP exception that it throws is passed on as the
   * application's own answer.
   */
  private async askOwn<T>(request: object, ask: (own: MfaSessionTransport) => T | Promise<T>): Promise<T> {
    try {
      return await ask(this.own as MfaSessionTransport);
    } catch (error) {
      if (error instanceof HttpException) throw error;
      // Guards, filters and pages ask again for the same request.
      if (!this.failed.has(request)) this.logger.error('`session.transport` failed', stackOf(error));
      this.failed.add(request);
      throw new MfaException('storage_unavailable', {}, { cause: error });
    }
  }

  private cookiesOf(request: object): string[] {
    const { cookie } = this.options.session;
    return cookie === false ? [] : readCookies(request, cookie.name);
  }

  private setCookie(response: object | undefined, value: string, maxAge: number): void {
    const { cookie } = this.options.session;
    if (cookie === false) return;
    const { name, sameSite, secure, domain, path } = cookie;
    addSetCookie(response, { name, value, sameSite, secure, domain, path, maxAge });
  }
}

/** The stack of an error; for other thrown values, their text. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function presented(via: TokenPlace, token: unknown): PresentedToken {
  return typeof token === 'string' && isToken(token) ? { via, token } : { via, malformed: true };
}

/** The part of a response that describes a session whose token the client receives with it. */
export interface MfaSessionAnswer {
  proven: MfaProvenMethod[];
  /** Only for clients that use the header transport. */
  sessionToken?: string;
  expiresAt: Date;
}

/** The response to a completed sign-in, with the extra fields of the adapter's `completeLogin`. */
export type CompletedSignIn = MfaSessionAnswer & { status: 'authenticated' } & Record<string, unknown>;

/** The HTTP exchange of a sign-in, which carries the token. */
export interface MfaHttpExchange {
  request: object;
  response: object;
}

/**
 * Why a session is handed out: it became authenticated, by a sign-in or a sign-up; or it already was, and has gained a proof
 * (`proof`).
 */
export type SessionOccasion = 'sign_in' | 'sign_up' | 'proof';

/** Hands a session to the client and describes it in the response. */
@Injectable()
export class SessionAnswers {
  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(NewSignIns) private readonly newSignIns: NewSignIns,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Asks the application for its part of a completed sign-in, then hands out the token.
   *
   * @throws {MfaException} `session_expired` when the session was ended in the meantime: what the application made for the
   *   response, such as an access token, would otherwise outlive it
   */
  async complete(
    user: MfaUser,
    issued: MfaIssuedSession,
    exchange: MfaHttpExchange,
    occasion: SessionOccasion = 'proof',
  ): Promise<CompletedSignIn> {
    const extra = await this.askApplication(user, issued.session, exchange);
    const isAsked = this.adapter.completeLogin !== DefaultMfaAdapter.prototype.completeLogin;
    if (isAsked && !(await this.sessions.isThere(issued.session.id)))
      throw new MfaException('session_expired');
    return { ...extra, status: 'authenticated', ...(await this.handOver(user, issued, exchange, occasion)) };
  }

  /** Like {@link give}, but also notifies the user of a sign-in with a new browser. */
  async handOver(
    user: MfaUser,
    issued: MfaIssuedSession,
    { request, response }: MfaHttpExchange,
    occasion: SessionOccasion,
  ): Promise<MfaSessionAnswer> {
    const answer = await this.give(request, response, issued);
    if (occasion !== 'proof' && this.options.newSignIn.enabled) {
      const { session } = issued;
      await this.newSignIns.done(user, { session, request, response, isSignUp: occasion === 'sign_up' });
    }
    return answer;
  }

  /** The extra fields of the response. If this fails, the client gets no token, and the session is ended. */
  async askApplication(
    user: MfaUser,
    session: AuthenticationSession,
    { request, response }: MfaHttpExchange,
  ): Promise<Record<string, unknown>> {
    try {
      return await this.adapter.completeLogin(user, session, request, response);
    } catch (error) {
      await this.sessions.revoke(session);
      throw error;
    }
  }

  /** Hands out the token. If that fails, the session is ended, since no client could use it. */
  async give(
    request: object,
    response: object | undefined,
    issued: MfaIssuedSession,
  ): Promise<MfaSessionAnswer> {
    setMfaSession(request, issued.session);
    return {
      proven: provenMethods(issued.session.methods),
      ...(await this.write(request, response, issued)),
      expiresAt: issued.session.expiresAt,
    };
  }

  private async write(
    request: object,
    response: object | undefined,
    issued: MfaIssuedSession,
  ): Promise<{ sessionToken?: string }> {
    try {
      return await this.transport.write(request, response, issued);
    } catch (error) {
      setMfaSession(request, null);
      // If the database fails too, the session ends when it expires. The storage has logged why.
      await this.sessions.revoke(issued.session).catch(() => undefined);
      throw error;
    }
  }
}
