import type { BuiltInTypes } from '../../factors/traits/built-in.js';

/**
 * The types of factors, and the method that a session records when one is proven. Open by declaration merging, for factors of
 * an application's own:
 *
 *     declare module 'nestjs-mfa' {
 *       interface MfaFactorTypes { push: 'push' }
 *     }
 */
export interface MfaFactorTypes extends BuiltInTypes {}
