import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { hashToken } from '../../core/crypto/tokens.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { TotpSetupDetails } from '../../factors/totp/totp-authenticator.js';
import { TotpService } from '../../factors/totp/totp.service.js';
import type { PageCookie } from './page-cookies.js';
import { PageCookies } from './page-cookies.js';

/** `lax`, since a link from another site must not replace a set-up in progress with a new one. */
const COOKIE: PageCookie = { name: 'mfa_totp_setup', page: 'totp/add', sameSite: 'lax' };

/** The set-ups shown on the page. */
@Injectable()
export class TotpSetups {
  constructor(
    @Inject(TotpService) private readonly totp: TotpService,
    @Inject(PageCookies) private readonly cookies: PageCookies,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Returns the set-up that this session began on this page, since viewing it again must not change a secret that an app may already
   * have. Otherwise, for example to replace another app, begins a new one. Another session's set-up is never shown: a thief who controls
   * that session has read the secret, and would hold the factor too.
   *
   * @throws {MfaException} like {@link TotpService.begin}
   */
  async open(
    user: MfaUser,
    context: MfaRequest,
    response: object,
    replaces: string | null,
  ): Promise<TotpSetupDetails> {
    const begun = await this.totp.getSetup(user, context);
    const own = await this.cookies.read(context.request, COOKIE, context);
    if (begun && own === markOf(begun, replaces)) return begun;
    const setup = await this.totp.begin(user, context, replaces ?? undefined);
    await this.cookies.put(
      response,
      COOKIE,
      context,
      markOf(setup, replaces),
      this.options.totp.setupTtlSeconds,
    );
    return setup;
  }
}

/** Identifies a set-up without revealing its secret. */
function markOf({ secret }: TotpSetupDetails, replaces: string | null): string {
  return hashToken(`${secret} ${replaces ?? ''}`);
}
