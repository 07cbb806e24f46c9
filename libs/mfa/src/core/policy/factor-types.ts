import type { BuiltInTypes } from '../../factors/traits/built-in.js';

/**
 * The types of factors, and the method that a session records when one is proven. Applications extend it for their own factors
 * by declaration merging:
 *
 *     declare module 'nestjs-mfa' {
 *       interface MfaFactorTypes { push: 'push' }
 *     }
 */
export interface MfaFactorTypes extends BuiltInTypes {}
