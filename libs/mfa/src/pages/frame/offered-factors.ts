import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { isSent, isVoid } from '../../engine/factors/void-authenticator.js';
import { FACTORS } from '../../factors/factors.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { traitsOf } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { EnrollmentPolicy } from '../../engine/users/enrollment-policy.js';

/** The factors that a user can add: nothing that the next step would refuse. */
export interface Offer {
  types: readonly MfaType[];
  /** Whether more factors become available once the user has verified their email address. */
  mustVerifyEmail: boolean;
  /** The ids of authenticators that no longer work because the user's record has another address or number. */
  voids: readonly string[];
}

/** Determines which factors a user can add now. */
@Injectable()
export class OfferedFactors {
  constructor(
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @param authenticators the user's authenticators */
  async find(
    user: MfaUser,
    authenticators: readonly Pick<AuthenticatorView, 'id' | 'type'>[],
    context: Pick<MfaRequest, 'records' | 'account'>,
  ): Promise<Offer> {
    const rows = context.account?.authenticators ?? [];
    const voids = await this.voidOf(user, rows);
    const possible: MfaType[] = [];
    for (const type of this.enrollment.supportedSecondFactors(context.records)) {
      const isOffered = this.registry.find(type)?.isOffered?.(user) ?? true;
      if (isOffered && (this.hasRoom(type, authenticators) || (await this.canReplace(type, voids, rows))))
        possible.push(type);
    }
    const refusals = possible.map((type) => this.refusalOf(user, type));
    return {
      types: possible.filter((_, index) => refusals[index] === null),
      mustVerifyEmail: refusals.includes('unverified_email'),
      voids: voids.map(({ id }) => id),
    };
  }

  private hasRoom(type: MfaType, authenticators: readonly Pick<AuthenticatorView, 'id' | 'type'>[]): boolean {
    const count = authenticators.filter((one) => one.type === type).length;
    const parts = FACTORS.find((one) => one.type === type);
    return count < (parts?.maxPerUser?.(this.options) ?? traitsOf(type)?.maxPerUser ?? 1);
  }

  /** The authenticators whose destination is no longer on record. */
  private async voidOf(user: MfaUser, rows: readonly Authenticator[]): Promise<Authenticator[]> {
    const sent = rows.filter(({ type }) => isSent(type));
    const types = sent.map(({ type }) => type);
    const onRecord = await this.registry.onRecord(user, types);
    const voids: Authenticator[] = [];
    for (const row of sent) {
      const factor = this.registry.find(row.type);
      if (factor && (await isVoid(onRecord, factor, row, this.data))) voids.push(row);
    }
    return voids;
  }

  /** Whether a new authenticator would replace one of these, and the adapter lets that one go. */
  private async canReplace(
    type: MfaType,
    voids: readonly Authenticator[],
    rows: readonly Authenticator[],
  ): Promise<boolean> {
    const id = voids.find((one) => one.type === type)?.id;
    if (id === undefined) return false;
    try {
      await this.adding.assertReplaceable(rows, { type, id });
      return true;
    } catch (error) {
      if (error instanceof MfaException && error.code === 'cannot_delete_authenticator') return false;
      throw error;
    }
  }

  private refusalOf(user: MfaUser, type: MfaType): string | null {
    try {
      this.adding.assertMayEnroll(user, type);
      return null;
    } catch (error) {
      if (error instanceof MfaException) return error.code;
      throw error;
    }
  }
}
