/** Injection token of the application's adapter. */
export const MFA_ADAPTER = Symbol.for('nestjs-mfa:ADAPTER');
