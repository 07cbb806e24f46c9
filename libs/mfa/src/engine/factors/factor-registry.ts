import { Inject, Injectable } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../../core/users/mfa-user.js';
import type { MfaFactor } from './mfa-factor.js';
import { isSent } from './void-authenticator.js';

/** Injection token of the factors in the option `factors`, with their types. */
export const MFA_FACTORS = Symbol.for('nestjs-mfa:FACTORS');

/** Injection token of one of these factors. */
export const factorToken = (type: MfaType): symbol => Symbol.for(`nestjs-mfa:FACTOR:${type}`);

/** Injection token of the built-in factors that verify codes, with their types. */
export const BUILT_IN_FACTORS = Symbol.for('nestjs-mfa:BUILT_IN_FACTORS');

/** A factor and the type it is registered under. */
export interface RegisteredFactor {
  type: MfaType;
  factor: MfaFactor;
}

/** The factors in the option `factors`. */
@Injectable()
export class FactorRegistry {
  private readonly factors: ReadonlyMap<MfaType, MfaFactor>;

  constructor(
    @Inject(MFA_FACTORS) readonly all: readonly RegisteredFactor[],
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {
    this.factors = new Map(all.map(({ type, factor }) => [type, factor]));
  }

  find(type: MfaType): MfaFactor | undefined {
    return this.factors.get(type);
  }

  /**
   * Looks up the user as the application has them on record, if one of these factors sends messages: the access token of a
   * request may carry an address that its owner has given up. For other factors, and if the adapter doesn't look users up,
   * returns the given user.
   *
   * @throws {MfaException} `session_expired` when the user no longer exists
   */
  async onRecord(user: MfaUser, types: readonly MfaType[]): Promise<MfaUser> {
    const isSentTo = types.some(isSent);
    if (!isSentTo || this.adapter.findUser === DefaultMfaAdapter.prototype.findUser) return user;
    const found = await findExactUser(this.adapter, userIdOf(user));
    if (!found) throw new MfaException('session_expired');
    return found;
  }
}
