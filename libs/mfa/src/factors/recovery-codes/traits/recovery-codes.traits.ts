import type { BuiltInTraits } from '../../../core/traits/type-traits.js';

/** Recovery codes. RFC 8176 has no value for them: `rc` is private to the module. */
export const RECOVERY_CODES_TRAITS = {
  type: 'recovery_codes',
  method: 'recovery_code',
  role: 'backup',
  amr: ['rc'],
  readFromAmr: ['rc'],
  // The hashes of the codes verify a proof.
  judgedBy: 'own_tables',
  label: 'Recovery codes',
  text: 'recoveryTitle',
  methodText: 'methodRecoveryCode',
} as const satisfies BuiltInTraits;
