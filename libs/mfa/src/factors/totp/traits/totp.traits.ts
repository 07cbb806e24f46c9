import type { BuiltInTraits } from '../../../core/traits/type-traits.js';

/** Authenticator apps. How many a user may have at once is the option `totp.maxPerUser`. */
export const TOTP_TRAITS = {
  type: 'totp',
  method: 'totp',
  amr: ['otp'],
  readFromAmr: ['otp'],
  steps: true,
  maxPerUser: 10,
  label: 'Authenticator app',
  text: 'typeTotp',
} as const satisfies BuiltInTraits;
