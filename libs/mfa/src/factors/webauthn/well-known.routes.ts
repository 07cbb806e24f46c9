import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { setHeader } from '../../core/web/http-message.js';
import { MfaExceptionMapper } from '../../refusals/mfa-exception-mapper.js';
import { hostOf, isOnHost } from '../../core/web/requested-host.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { PageAddresses } from '../../options/addresses.js';
import { MFA_PAGES } from '../../options/addresses.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { RelyingParty } from './relying-party.js';

/** Where passkey managers send users to create a passkey or manage theirs. */
export interface PasskeyEndpoints {
  enroll: string;
  manage: string;
}

/**
 * What browsers and passkey managers look up at the root of a host (RFC 8615). This isn't a controller: a controller's routes move with
 * the global prefix, and the application's guards would require a signed-in user.
 */
@Injectable()
export class WellKnownRoutes {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Adds the routes. Call it before controllers add theirs, one of which may match every path. */
  mount(): void {
    this.answer('/.well-known/webauthn', () => this.relatedOrigins());
    this.answer('/.well-known/passkey-endpoints', (request) => this.passkeyEndpoints(request));
  }

  /** The other origins on which this relying party's keys work (WebAuthn Level 3, section 5.11). */
  private relatedOrigins(): { origins: string[] } {
    const origins = this.rp.relatedOrigins();
    if (origins.length === 0) throw new MfaException('not_found');
    return { origins };
  }

  /** Passkey Endpoints Well-Known URL (W3C). The addresses are on an origin from the options, whatever the requested host. */
  private passkeyEndpoints(request: object): PasskeyEndpoints {
    const { pages, options } = this;
    if (!pages || !options.supportedTypes.includes('webauthn')) throw new MfaException('not_found');
    const origins = this.rp.options.origins.filter((origin) => /^https?:/.test(origin));
    const host = hostOf(request);
    const asked = origins.find((origin) => host !== undefined && isOnHost(new URL(origin), host));
    const origin = asked ?? origins[0];
    if (origin === undefined) throw new MfaException('not_found');
    return { enroll: origin + this.links.to('webauthn/add'), manage: origin + this.links.to('index') };
  }

  private answer(path: string, describe: (request: object) => object): void {
    const { httpAdapter } = this.adapterHost;
    httpAdapter.get(path, async (request: object, response: object) => {
      setHeader(response, 'Cache-Control', 'no-store');
      try {
        await httpAdapter.reply(response, describe(request), 200);
      } catch (error) {
        const refusal = await this.mapper.present(error, request, response);
        if (!(refusal instanceof MfaException)) throw refusal;
        await httpAdapter.reply(response, refusal.getResponse(), refusal.getStatus());
      }
    });
  }
}
