import { Inject, Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';

import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { isToken } from '../crypto/token.js';
import { addSetCookie, readHeader, setHeader } from '../http/http-message.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { IssuedSession } from './issued-session.js';

/** A token that a request presents; `malformed` when it can't be one of ours. */
export type PresentedToken =
  { via: 'header' | 'cookie'; token: string } | { via: 'header' | 'cookie'; malformed: true };

/** Value of the session header with which a client without a token asks for one in the body. */
const NEW_TOKEN = 'new';

/**
 * Carries the session token: in an HttpOnly cookie, or in a header for clients that ask for it. When both are there
 * only the header counts, so a cookie that somebody planted can't replace what the client says.
 */
@Injectable()
export class SessionTransport {
  constructor(
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether this client keeps its token itself. Such a request can't be forged by another site. */
  usesHeader(request: object): boolean {
    return (
      this.options.session.cookie === false || readHeader(request, this.options.session.header) !== undefined
    );
  }

  /** The token that the request presents, if any. */
  read(request: object): PresentedToken | null {
    const header = readHeader(request, this.options.session.header);
    if (header !== undefined) return header === NEW_TOKEN ? null : presented('header', header);
    const cookie = this.readCookie(request);
    return cookie === undefined ? null : presented('cookie', cookie);
  }

  /** That token, when it could be one of ours. */
  readToken(request: object): string | null {
    const presented = this.read(request);
    return presented && 'token' in presented ? presented.token : null;
  }

  /** Whether the session cookie is what identifies this request. */
  readsCookie(request: object): boolean {
    return !this.usesHeader(request) && this.readCookie(request) !== undefined;
  }

  /** Hands the token to the client; returns what belongs into the body. */
  write(
    request: object,
    response: object | undefined,
    { token, session }: IssuedSession,
  ): { sessionToken?: string } {
    if (this.usesHeader(request)) {
      setHeader(response, this.options.session.header, token);
      return { sessionToken: token };
    }
    this.setCookie(response, token, Math.ceil((session.expiresAt.getTime() - this.clock.now()) / 1000));
    return {};
  }

  /** Makes the browser forget the token. */
  clear(response: object | undefined): void {
    this.setCookie(response, '', 0);
  }

  private readCookie(request: object): string | undefined {
    const { cookie } = this.options.session;
    const header = readHeader(request, 'cookie');
    return cookie === false || !header ? undefined : parseCookie(header)[cookie.name];
  }

  private setCookie(response: object | undefined, value: string, maxAge: number): void {
    const { cookie } = this.options.session;
    if (cookie === false) return;
    const { name, sameSite, secure, domain, path } = cookie;
    addSetCookie(
      response,
      stringifySetCookie({ name, value, httpOnly: true, sameSite, secure, domain, path, maxAge }),
    );
  }
}

function presented(via: 'header' | 'cookie', token: string): PresentedToken {
  return isToken(token) ? { via, token } : { via, malformed: true };
}
