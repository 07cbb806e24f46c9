/** Injection token of the {@link KeyRing}. */
export const MFA_KEY_RING = Symbol.for('nestjs-mfa:KEY_RING');
