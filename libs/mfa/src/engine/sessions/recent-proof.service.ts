import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { PASSWORDLESS } from '../rows/authenticator.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorAvailability } from '../factors/factor-availability.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { isRecent, typesForChanges } from '../../core/policy/recent.js';
import type { MfaRequest } from '../rows/mfa-request.js';

/** The *recent* proof that changes of factors need. */
@Injectable()
export class RecentProof {
  constructor(
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Demands it of a request. Guards ask before anything is done, and {@link FactorChange} asks again with what each of its
   * commits claims: what was enough a moment ago may not be, now that the user has a factor.
   *
   * @param rows the user's authenticators
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others, `unauthenticated`
   */
  async assert(
    context: Pick<MfaRequest, 'user' | 'records' | 'request'>,
    rows: readonly Authenticator[],
  ): Promise<void> {
    const { user, request } = context;
    if (!user) throw new MfaException('unauthenticated');
    const enrolled = await this.adapter.isMfaEnabled(user, undefined, rows);
    const types = enrolled
      ? typesForChanges(
          // A passkey for convenience alone may be lost: changes must not hang on it.
          rows.filter(({ role }) => role !== PASSWORDLESS).map(({ type }) => type),
          this.options.changesNeed,
        )
      : null;
    const maxAge = this.options.changesMaxAgeSeconds;
    const authenticatedAt = await this.adapter.getAuthenticatedAt(request);
    // Whoever knew the password could have added such a passkey, before there was a factor: it changes none.
    const passwordless = new Set(rows.filter(({ role }) => role === PASSWORDLESS).map(({ id }) => id));
    const counts = ({ authenticatorId = '' }: AuthenticationRecord) =>
      !enrolled || !passwordless.has(authenticatorId);
    const recent = isRecent({
      types,
      records: context.records.filter(counts),
      authenticatedAt: authenticatedAt?.getTime() ?? null,
      now: this.clock.now(),
      maxAge,
    });
    if (recent) return;
    if (!types) {
      const { reauthenticateUrl } = this.options;
      throw new MfaException('reauthentication_required', {
        maxAge,
        ...(reauthenticateUrl === undefined ? {} : { reauthenticateUrl }),
      });
    }
    const usable = await this.availability.usableTypes(user, rows, context.records);
    const methods = usable.filter((type) => types.includes(type));
    throw new MfaException('mfa_required', { methods, maxAge });
  }
}
