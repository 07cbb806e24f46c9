import type { BuiltInTraits } from '../../../core/traits/type-traits.js';

/** Security keys and passkeys. How many a user may have at once is `MAX_KEYS` of their registration. */
export const WEBAUTHN_TRAITS = {
  type: 'webauthn',
  method: 'webauthn',
  phishingResistant: true,
  showsFacts: true,
  // Proof of possession of a key: in hardware or in software (RFC 8176, section 2), or kept anywhere (OpenID EAP ACR Values 1.0).
  amr: { hardware: ['hwk', 'user'], synced: ['swk', 'user'], unknown: ['pop', 'user'] },
  readFromAmr: ['pop', 'hwk', 'swk'],
  // The credential verifies a proof.
  judgedBy: 'own_tables',
  needsOption: 'webauthn',
  text: 'typeWebauthn',
} as const satisfies BuiltInTraits;
