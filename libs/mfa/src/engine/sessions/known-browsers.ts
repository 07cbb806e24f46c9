import { timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../../core/clock/clock.js';
import { keyedHash } from '../../core/crypto/key-ring.js';
import { readCookieList, writeCookieList } from '../../core/web/cookie-list.js';
import { addSetCookie } from '../../core/web/http-message.js';
import { LostCookieWarning } from '../../core/web/lost-cookie-warning.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { VisibleKeys } from '../keys/visible-keys.js';

/** 128 bits in hex: too long to guess. */
const MAC_LENGTH = 32;
/** The MAC, and the time of the sign-in in seconds, in base 36. */
const TAG = /^[0-9a-f]{32}[0-9a-z]{1,9}$/;

const isTag = (text: string): boolean => TAG.test(text);

/**
 * Remembers who has signed in with a browser, in a cookie of that browser. The cookie has a tag for each of its users: a keyed
 * hash of the user's id and the time of the sign-in. It proves nothing and skips nothing; it only decides whether the user is
 * notified.
 */
@Injectable()
export class KnownBrowsers {
  constructor(
    @Inject(VisibleKeys) private readonly keys: VisibleKeys,
    @Inject(LostCookieWarning) private readonly lostCookies: LostCookieWarning,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * When this user last signed in with the browser of a request; null if that was not within `newSignIn.ttlSeconds`, as far as
   * the cookie tells.
   *
   * @throws {MfaException} `storage_unavailable` when the application's key service is unavailable
   */
  async lastSignIn(userId: string, request: object): Promise<Date | null> {
    const now = this.clock.now();
    const times = (await this.tagsOf(userId, request))
      .map(timeOf)
      .filter((at) => isWithin(at, this.options.newSignIn.ttlSeconds, now));
    return times.length > 0 ? new Date(Math.max(...times)) : null;
  }

  /**
   * Remembers that the user has signed in with the browser of a request.
   *
   * @throws {MfaException} `storage_unavailable` when the application's key service is unavailable
   */
  async remember(userId: string, request: object, response: object): Promise<void> {
    const { cookie, ttlSeconds: maxAge } = this.options.newSignIn;
    const time = Math.floor(this.clock.now() / 1000).toString(36);
    const { key } = (await this.keys.ring()).current('browser');
    const own = await this.tagsOf(userId, request);
    const others = this.read(request).filter((tag) => !own.includes(tag));
    const value = writeCookieList(macOf(key, userId, time) + time, others);
    if (cookie.secure) this.lostCookies.check(request);
    addSetCookie(response, { ...cookie, value, maxAge });
  }

  private read(request: object): readonly string[] {
    return readCookieList(request, this.options.newSignIn.cookie.name, isTag);
  }

  /** The tags of this user, under any of the secrets. */
  private async tagsOf(userId: string, request: object): Promise<readonly string[]> {
    const tags = this.read(request);
    if (tags.length === 0) return tags;
    const keys = (await this.keys.ring()).all('browser');
    return tags.filter((tag) => {
      const [mac, time] = [tag.slice(0, MAC_LENGTH), tag.slice(MAC_LENGTH)];
      return keys.some((key) => timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, userId, time))));
    });
  }
}

function macOf(key: Buffer, userId: string, time: string): string {
  return keyedHash(key, userId, time).slice(0, MAC_LENGTH);
}

function timeOf(tag: string): number {
  return Number.parseInt(tag.slice(MAC_LENGTH), 36) * 1000;
}
