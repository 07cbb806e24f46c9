import type { MfaType } from '../core/policy/methods.js';
import type { BEHAVIOUR_OPTIONS } from './mfa-options.js';
import type { KeptOf } from './option.js';
import type { RecoveryCodeFormat } from './recovery-codes-options.js';
import type { ResolvedCookie } from './session-options.js';

type Kept = Readonly<KeptOf<typeof BEHAVIOUR_OPTIONS>>;

/** The options after defaults and checks: every option with a default is set. Injected as {@link MFA_OPTIONS}. */
export interface ResolvedMfaOptions extends Omit<
  Kept,
  | 'secret'
  | 'supportedTypes'
  | 'changesMaxAgeSeconds'
  | 'recoveryCodes'
  | 'session'
  | 'trustedDevices'
  | 'newSignIn'
> {
  /** The first is used for new data. */
  secrets: readonly [string, ...string[]];
  supportedTypes: readonly MfaType[];
  changesMaxAgeSeconds: number;
  recoveryCodes: { count: number; format: RecoveryCodeFormat };
  session: Omit<Kept['session'], 'rememberTtlSeconds'> & { rememberTtlSeconds: number };
  trustedDevices: Omit<Kept['trustedDevices'], 'cookie'> & { cookie: ResolvedCookie };
  newSignIn: Omit<Kept['newSignIn'], 'cookie'> & { cookie: ResolvedCookie };
}

/** Injection token of the options of `MfaClaimsModule`. */
export const MFA_CLAIMS_OPTIONS = Symbol.for('nestjs-mfa:CLAIMS_OPTIONS');

/** Injection token of the {@link ResolvedMfaOptions}. */
export const MFA_OPTIONS = Symbol.for('nestjs-mfa:OPTIONS');
