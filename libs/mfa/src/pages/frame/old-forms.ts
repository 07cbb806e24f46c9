import { Inject, Injectable } from '@nestjs/common';

import type { MfaException } from '../../core/errors/mfa-exception.js';
import type { HttpRequest } from '../../core/web/http-message.js';
import { readHeader } from '../../core/web/http-message.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import { SessionTransport } from '../../engine/sessions/session-transport.js';
import { safeNext } from '../../core/web/next-path.js';
import { CsrfTokens } from './page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { OldForm } from './page-props.js';

/** The pages whose forms may produce new recovery codes, which are shown once. */
const GIVES_CODES = ['totp/add', 'webauthn/add', 'recovery-codes/generate'];

type FormRequest = HttpRequest & {
  originalUrl?: string;
  url?: string;
  body?: { next?: unknown; _csrf?: unknown };
};

/**
 * Handles forms on outdated pages: a form sent twice without JavaScript, after the first request changed the session, or a form left open
 * while the user confirmed or signed in elsewhere. There is no telling which it was, so the page doesn't say what was done.
 */
@Injectable()
export class OldForms {
  constructor(
    @Inject(CsrfTokens) private readonly csrf: CsrfTokens,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
  ) {}

  /** The kind of outdated form, and where to continue; null if the refusal has another reason. */
  async find({ code }: MfaException, request: object): Promise<OldForm | null> {
    if ((request as FormRequest).method !== 'POST') return null;
    if (code === 'session_expired' && (await this.isSuperseded(request))) {
      return { kind: 'superseded', href: this.onward(request) };
    }
    // The browser attests that the form came from a page of this site.
    const isOwn = readHeader(request, 'sec-fetch-site') === 'same-origin';
    const path = this.pathOf(request);
    if (code !== 'cross_origin' || !isOwn || path === null) return null;
    const next = safeNext((request as FormRequest).body?.next);
    return {
      kind: 'outdated',
      href: next === null ? path : `${path}?${new URLSearchParams({ next }).toString()}`,
    };
  }

  private async isSuperseded(request: object): Promise<boolean> {
    // With two cookies, there is no telling which session sent it.
    const isOne = (await this.transport.readToken(request)) !== null;
    return isOne && (await this.livesOn(request));
  }

  /** Whether the form's session still exists, under the token that the first of two requests set. */
  private async livesOn(request: object): Promise<boolean> {
    const owner = await this.csrf.ownerOf((request as FormRequest).body?._csrf);
    return owner !== null && owner.sessionId !== '' && (await this.sessions.isThere(owner.sessionId));
  }

  /** Where the first of two requests led: the browser dropped that response, but kept its cookie. */
  private onward(request: object): string {
    const next = safeNext((request as FormRequest).body?.next);
    const gaveCodes = GIVES_CODES.some((page) => this.links.at(page) === this.pathOf(request));
    return gaveCodes ? this.links.to('recovery-codes/generate', { next }) : (next ?? this.links.to('index'));
  }

  private pathOf(request: object): string | null {
    const { originalUrl, url } = request as FormRequest;
    const path = safeNext(originalUrl ?? url)?.replace(/[?#].*/s, '');
    return path === undefined ? null : safeNext(this.links.publicPathOf(path));
  }
}
