import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { PASSWORDLESS } from '../rows/authenticator.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorAvailability } from '../factors/factor-availability.js';
import { ProfileFloor } from '../factors/profile-floor.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { isFirstFactor } from '../../core/policy/methods.js';
import { isRecent, typesForChanges } from '../../core/policy/recent.js';
import type { MfaRequest } from '../rows/mfa-request.js';

/** What a change of factors does: `adding` adds one, and removes none but the one it replaces. */
export type ChangePurpose = 'adding' | 'change';

/** The *recent* proof that changes of factors require. */
@Injectable()
export class RecentProof {
  constructor(
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Requires it of a request. Guards ask before anything is done, and {@link FactorChange} asks again with what each of its
   * commits claims: what was enough a moment ago may not be, now that the user has a factor.
   *
   * @param rows the user's authenticators
   * @param purpose what the proof is for: under profiles, some proofs only allow adding a factor
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others, `unauthenticated`
   */
  async assert(
    context: Pick<MfaRequest, 'user' | 'records' | 'request'>,
    rows: readonly Authenticator[],
    purpose: ChangePurpose = 'change',
  ): Promise<void> {
    const { user, request } = context;
    if (!user) throw new MfaException('unauthenticated');
    const enrolled = await this.adapter.isMfaEnabled(user, undefined, rows);
    const types = enrolled
      ? typesForChanges(
          // A passkey that was added for convenience may be lost, so changes must not depend on it.
          rows.filter(({ role }) => role !== PASSWORDLESS).map(({ type }) => type),
          this.options.changesNeed,
        )
      : null;
    const maxAge = this.options.changesMaxAgeSeconds;
    const authenticatedAt = await this.adapter.getAuthenticatedAt(request);
    // Anyone who knew the password could have added such a passkey before there was a factor, so it permits no changes.
    const passwordless = new Set(rows.filter(({ role }) => role === PASSWORDLESS).map(({ id }) => id));
    const hasFitting = !enrolled || (await this.floor.hasFitting(rows));
    const counts = (record: AuthenticationRecord) =>
      !enrolled ||
      (!passwordless.has(record.authenticatorId ?? '') && this.meetsProfile(record, purpose, hasFitting));
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
    const recovers = purpose === 'adding' || !hasFitting;
    const methods = usable.filter((type) => types.includes(type) && (recovers || this.floor.fitsType(type)));
    const needs = hasFitting ? this.floor.needs : {};
    throw new MfaException('mfa_required', {
      methods,
      maxAge,
      ...(Object.keys(needs).length > 0 ? { needs } : {}),
    });
  }

  /**
   * Whether the profile lets this proof serve that purpose. A proof below the profile can add a factor, but only for users who
   * have none that meets the profile; a recovery proof can add one too (NIST SP 800-63B-4, sections 4.1.2.1 and 4.2.2.3).
   */
  private meetsProfile(record: AuthenticationRecord, purpose: ChangePurpose, hasFitting: boolean): boolean {
    if (isFirstFactor(record) || this.floor.meets(record)) return true;
    return purpose === 'adding' && (!hasFitting || this.floor.onlyRecovers(record));
  }
}
