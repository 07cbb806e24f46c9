import { Injectable, Logger } from '@nestjs/common';

import { readHeader } from './http-message.js';
import { protocolOf } from './requested-host.js';

const WARNING =
  'A Secure cookie was set over plain http, where browsers silently drop it, so nobody stays signed in. Serve the site ' +
  'over https; if a proxy does, let the framework trust it (Express `trust proxy`, Fastify `trustProxy`) and have it ' +
  "send X-Forwarded-Proto. For plain http on a developer's machine, set NODE_ENV=development or `session.cookie.secure: false`";

/** Warns once per process why an application's cookies don't arrive. */
@Injectable()
export class LostCookieWarning {
  private readonly logger = new Logger('MfaModule');
  private isGiven = false;

  /** Checks a request that is about to be answered with a Secure cookie. */
  check(request: object): void {
    if (this.isGiven || protocolOf(request) !== 'http' || saysHttps(request)) return;
    this.isGiven = true;
    this.logger.warn(WARNING);
  }
}

/** Whether a proxy says that the browser used https. The claim is unverified, but it only suppresses a warning. */
function saysHttps(request: object): boolean {
  return readHeader(request, 'x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase() === 'https';
}
