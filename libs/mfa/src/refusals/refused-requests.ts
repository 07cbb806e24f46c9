import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { readHeader } from '../core/web/http-message.js';
import { hashToken } from '../core/crypto/tokens.js';
import type { MfaErrorCode } from '../core/errors/error-codes.js';
import {
  sourceOfRequest,
  getMfaUser,
  hasPendingSession,
  presentedSession,
} from '../engine/rows/mfa-request.js';
import type { RefusalReason } from '../engine/journal/mfa-event.js';
import { RefusalLog } from '../engine/journal/refusal-log.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';

/** The codes that mean a failed authorization or an attempt to bypass it (ASVS v5.0.0-16.3.2 and 16.3.3). */
const REASONS: readonly MfaErrorCode[] = [
  'mfa_required',
  'mfa_enrollment_required',
  'reauthentication_required',
  'cross_origin',
] satisfies RefusalReason[];

/** Reports refused requests, once per window and user. It adds no database query to the request and no delay. */
@Injectable()
export class RefusedRequests {
  private readonly logger = new Logger(RefusedRequests.name);

  constructor(
    @Inject(RefusalLog) private readonly log: RefusalLog,
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
  ) {}

  /** Records the code a request was refused with. */
  note(code: MfaErrorCode, request: object): void {
    const reason = reasonOf(code, request);
    if (reason === null) return;
    const session = presentedSession(request);
    const user = getMfaUser(request) ?? (session && { id: session.userId });
    if (reason === 'cross_origin') this.warnOf(request);
    if (user) this.tell(user, request, reason);
    else if (reason === 'cross_origin') this.findOut(request);
  }

  private tell(user: MfaUser, request: object, reason: RefusalReason): void {
    const source = sourceOfRequest(request, userIdOf(user), presentedSession(request)?.id);
    this.log.tellOnce(user, source, { type: 'mfa.access.refused', data: { reason } });
  }

  /**
   * Cross-site requests are refused before the user is identified, so the user is looked up afterwards, once per window
   * and session.
   */
  private findOut(request: object): void {
    this.log.later(async () => {
      const token = await this.transport.readToken(request);
      if (token !== null && !this.log.isFirst(`cross_origin ${hashToken(token)}`)) return;
      const { user, session } = await this.contexts.resolveAny(request, { isUse: false });
      const known = user ?? (session && { id: session.userId });
      // A request of an unknown user causes no event.
      if (known) this.tell(known, request, 'cross_origin');
    });
  }

  /** Once per window, for applications whose pages are on another origin that isn't configured. */
  private warnOf(request: object): void {
    if (!this.log.isFirst('cross_origin')) return;
    this.logger.warn(
      `A request from ${originOf(request)} was refused as cross-site (cross_origin; client address: ${addressOf(request)}). ` +
        'If these pages are yours, add their origin to `trustedOrigins`; if it is this site itself, a proxy has changed the Host header, or the form is not from a page of this session',
    );
  }
}

function reasonOf(code: MfaErrorCode, request: object): RefusalReason | null {
  if (REASONS.includes(code)) return code as RefusalReason;
  const isHalf = code === 'unauthenticated' && hasPendingSession(request);
  return isHalf ? 'pending_session' : null;
}

/** Normalized, so that a client can't log more than an origin can contain. */
function originOf(request: object): string {
  const origin = readHeader(request, 'origin') ?? '';
  return URL.canParse(origin) ? new URL(origin).origin.slice(0, 200) : 'a page that hides its origin';
}

function addressOf(request: object): string {
  return sourceOfRequest(request, '').ip ?? 'unknown';
}
