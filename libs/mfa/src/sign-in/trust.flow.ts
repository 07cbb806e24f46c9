import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, hasHappened } from '../core/clock/clock.js';
import { createToken, hashToken } from '../core/crypto/tokens.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { sourceOfRequest } from '../engine/rows/mfa-request.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { RefusalLog } from '../engine/journal/refusal-log.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { isBackupMethod } from '../core/policy/methods.js';
import type { AuthenticationMethod, AuthenticationRecord } from '../core/policy/methods.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { Write } from '../storage/mfa-storage.js';
import { isSameBrowser } from './browser-family.js';
import { hasFormerToken, isUsedUp } from '../engine/trust/former-tokens.js';
import { TrustCookie } from './trust-cookie.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import type { TrustedDevice } from '../engine/trust/trusted-device.entity.js';

/** Trust that is about to be given or used: what to commit, and the cookie to hand out afterwards. */
export interface PlannedTrust {
  writes: Write[];
  events: NewMfaEvent[];
  giveCookie(response: object | undefined): void;
}

/** Trust that lets a sign-in skip the second factor. */
export interface RecognizedBrowser extends PlannedTrust {
  record: AuthenticationRecord;
}

const TRIES = 10;

/** Trusts browsers, and recognizes them. */
@Injectable()
export class TrustFlow {
  constructor(
    @Inject(TrustedDeviceStore) private readonly store: TrustedDeviceStore,
    @Inject(TrustCookie) private readonly cookie: TrustCookie,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Plans to trust the browser of this request; null if that isn't allowed. */
  plan(user: MfaUser, method: AuthenticationMethod, request: object): PlannedTrust | null {
    const { enabled, afterRecoveryCode, ttlSeconds } = this.options.trustedDevices;
    if (!enabled || (isBackupMethod(method) && !afterRecoveryCode)) return null;
    const userId = userIdOf(user);
    const { ip, userAgent } = sourceOfRequest(request, userId);
    const now = this.clock.now();
    const token = createToken();
    const device: Omit<TrustedDevice, 'seal'> = {
      id: randomUUID(),
      userId,
      tokenHash: hashToken(token),
      formerTokenHash: null,
      olderTokens: null,
      userAgent,
      ip,
      createdAt: new Date(now),
      lastUsedAt: null,
      expiresAt: new Date(now + ttlSeconds * 1000),
    };
    return {
      writes: this.store.planInsertion(device),
      events: [{ type: 'mfa.trusted_device.added', data: { deviceId: device.id } }],
      giveCookie: (response) => this.cookie.write(request, response, token, null),
    };
  }

  /**
   * Returns the trusted browser that this request comes from, or null. Reads once at most, and not at all without a valid
   * cookie. A token that was replaced earlier shows that two parties hold the trust: it is revoked, and the sessions started
   * from it end.
   */
  async recognize(user: MfaUser, request: object): Promise<RecognizedBrowser | null> {
    if (!this.options.trustedDevices.enabled) return null;
    const tokens = this.cookie.read(request);
    if (tokens.length === 0) return null;
    const userId = userIdOf(user);
    const now = this.clock.now();
    const source = sourceOfRequest(request, userId);
    const hashes = new Map(tokens.map((token) => [hashToken(token), token]));
    const devices = await this.store.find(userId, now);
    const reused = devices.filter((device) => hasFormerToken(device, hashes.keys()));
    for (const device of reused) await this.revokeReused(user, device, source);
    const device = devices.find((one) => holdsOneOf(hashes, one, now) && !reused.includes(one));
    if (!device) return null;
    if (isSameBrowser(device.userAgent, source.userAgent)) {
      return this.planUse(device, hashes.get(device.tokenHash) as string, request, source);
    }
    const data = { deviceId: device.id, reason: 'other_browser' } as const;
    this.refusals.tellOnce(user, source, { type: 'mfa.trusted_device.refused', data });
    return null;
  }

  /**
   * Whether this request comes from a browser that the user trusts. No token is used up. Reads once, or not at all without a
   * cookie.
   */
  async isTrusted(user: MfaUser, request: object): Promise<boolean> {
    if (!this.options.trustedDevices.enabled) return false;
    const hashes = new Set(this.cookie.read(request).map(hashToken));
    if (hashes.size === 0) return false;
    const userId = userIdOf(user);
    const { userAgent } = sourceOfRequest(request, userId);
    const now = this.clock.now();
    const devices = await this.store.find(userId, now);
    return devices.some((one) => holdsOneOf(hashes, one, now) && isSameBrowser(one.userAgent, userAgent));
  }

  private planUse(
    device: TrustedDevice,
    presented: string,
    request: object,
    { ip, userAgent }: MfaEventSource,
  ): RecognizedBrowser {
    const now = this.clock.now();
    const token = createToken();
    const next = { tokenHash: hashToken(token), lastUsedAt: new Date(now), ip, userAgent };
    return {
      writes: [this.store.claimUse(device, next, now)],
      events: [{ type: 'mfa.trusted_device.used', data: { deviceId: device.id } }],
      record: { method: 'trusted_device', at: now, authenticatorId: device.id },
      giveCookie: (response) => this.cookie.write(request, response, token, presented),
    };
  }

  /**
   * Revokes the trust together with all sessions started from it. If a session is started with the present token in the
   * meantime, that token changes, so the claim is lost and the session is found by the next read.
   */
  private async revokeReused(user: MfaUser, reused: TrustedDevice, source: MfaEventSource): Promise<void> {
    let device: TrustedDevice | undefined = reused;
    for (let tried = 0; tried < TRIES && device; tried++) {
      const sessions = await this.sessions.listStartedFrom(user, device.id);
      const result = await this.journal.commit(
        [
          this.store.claimRevocation(device),
          ...(sessions.length > 0 ? [this.sessions.planEndingThese(device.userId, sessions)] : []),
        ],
        { user, source, events: eventsOfReuse(device, sessions.length > 0) },
      );
      if (result.committed) return;
      const devices = await this.store.find(device.userId, this.clock.now());
      device = devices.find(({ id }) => id === reused.id);
    }
    if (device) throw new MfaException('storage_unavailable');
  }
}

/**
 * Whether one of these tokens is the browser's, and its trust isn't used up. While a clock is set back to before it was trusted, its
 * trust proves nothing.
 */
function holdsOneOf(hashes: Pick<ReadonlySet<string>, 'has'>, device: TrustedDevice, now: number): boolean {
  return hashes.has(device.tokenHash) && hasHappened(device.createdAt.getTime(), now) && !isUsedUp(device);
}

function eventsOfReuse({ id }: TrustedDevice, endsSessions: boolean): NewMfaEvent[] {
  const events: NewMfaEvent[] = [
    { type: 'mfa.trusted_device.revoked', data: { deviceId: id, reason: 'reused' } },
  ];
  if (endsSessions) {
    events.push({ type: 'mfa.session.ended', data: { scope: 'device', reason: 'trust_reused' } });
  }
  return events;
}
