import { Inject, Injectable } from '@nestjs/common';

import type { MfaType } from '../../core/policy/methods.js';
import type { MfaFactor } from './mfa-factor.js';

/** Injection token of the factors of the option `factors`, by their types. */
export const MFA_FACTORS = Symbol.for('nestjs-mfa:FACTORS');

/** Injection token of the factors that come with the module and verify codes, by their types. */
export const BUILT_IN_FACTORS = Symbol.for('nestjs-mfa:BUILT_IN_FACTORS');

/** A factor with the type that it is registered under. */
export interface RegisteredFactor {
  type: MfaType;
  factor: MfaFactor;
}

/** The factors of the option `factors`. */
@Injectable()
export class FactorRegistry {
  private readonly factors: ReadonlyMap<MfaType, MfaFactor>;

  constructor(@Inject(MFA_FACTORS) readonly all: readonly RegisteredFactor[]) {
    this.factors = new Map(all.map(({ type, factor }) => [type, factor]));
  }

  find(type: MfaType): MfaFactor | undefined {
    return this.factors.get(type);
  }
}
