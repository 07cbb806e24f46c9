import type { AuthenticationMethod, MfaType, ShownFacts } from '../../core/policy/methods.js';
import type { MfaActor } from '../rows/mfa-request.js';

/** An authenticator as events name it: never anything of its data. */
export interface MfaEventAuthenticator {
  id: string;
  type: MfaType;
  name: string;
}

/** Why sessions ended. `trust_reused`: they came of a trusted browser whose token two parties hold. */
export type MfaSessionEndReason =
  'logout' | 'revoked' | 'factors_changed' | 'password_changed' | 'admin' | 'trust_reused';

/** Why trusted browsers lost their trust. `reused`: a token came back that had been replaced, so two parties hold it. */
export type MfaTrustEndReason = 'revoked' | 'factors_changed' | 'password_changed' | 'admin' | 'reused';

/**
 * Why a request was refused: the code that it was answered with; or a session that is not the user's (it was ignored), or a
 * half-finished sign-in where only a complete one counts.
 */
export type RefusalReason =
  | 'mfa_required'
  | 'mfa_enrollment_required'
  | 'reauthentication_required'
  | 'cross_origin'
  | 'foreign_session'
  | 'pending_session';

/** What each kind of event says besides who, when and from where. Nothing of it is secret. */
export interface MfaEventData {
  'mfa.authenticator.added': { authenticator: MfaEventAuthenticator; isFirst: boolean };
  'mfa.authenticator.removed': { authenticator: MfaEventAuthenticator; isLast: boolean };
  'mfa.authenticator.renamed': { authenticator: MfaEventAuthenticator; formerName: string };
  /** A proof was accepted. */
  'mfa.authenticator.used': { authenticator: MfaEventAuthenticator };
  /** A proof was refused; `afterFirstFactor`: by somebody who had just passed the first one (ASVS v5.0.0-6.3.5). */
  'mfa.authenticator.failed': { types: readonly MfaType[]; afterFirstFactor: boolean };
  /** The user's budget of attempts is spent, whatever they were made with. Told once a window. */
  'mfa.attempts.exhausted': { attempts: number; windowSeconds: number };
  /** What should have finished the set-up of a factor was refused. */
  'mfa.enrollment.failed': { type: MfaType };
  /** The first factor was asked for again, and was wrong. */
  'mfa.reauthentication.failed': { method: AuthenticationMethod };
  /** A request of this user was refused, or somebody else's session came with it. Told once a window and reason. */
  'mfa.access.refused': { reason: RefusalReason };
  /** Failures reached the cap; or (`reason`) there is a copy of it. */
  'mfa.authenticator.locked': { authenticator: MfaEventAuthenticator; reason?: 'cloned' };
  'mfa.authenticator.unlocked': {
    authenticator: MfaEventAuthenticator;
    by: 'admin' | 'other_factor' | 'codes' | 'time';
  };
  /** It was reported as lost, or an administrator has suspended it (`reason`): it verifies nothing. */
  'mfa.authenticator.suspended': {
    authenticator: MfaEventAuthenticator;
    by: 'user' | 'admin';
    reason?: string;
  };
  'mfa.authenticator.resumed': {
    authenticator: MfaEventAuthenticator;
    by: 'user' | 'admin';
    reason?: string;
  };
  /** A code could not be verified, because the authenticator's data can't be read. Told once a window. */
  'mfa.authenticator.unreadable': { authenticator: MfaEventAuthenticator };
  /** A signature counter went back: the key may exist twice (WebAuthn Level 3, section 6.1.1). */
  'mfa.authenticator.cloned': { authenticator: MfaEventAuthenticator };
  /** A key calls itself fit for being synced and was not when it was registered, or the other way round (section 7.2, step 19). */
  'mfa.authenticator.backup_eligibility_changed': {
    authenticator: MfaEventAuthenticator;
    backupEligible: boolean;
  };
  /**
   * The model of a key has got a status for which such keys are not registered any more; the key still works. `since`: when the
   * status came into effect (ISO 8601), if the metadata says so. Told once for each newer status.
   */
  'mfa.authenticator.model_revoked': {
    authenticator: MfaEventAuthenticator;
    aaguid: string;
    model: string | null;
    status: string;
    since: string | null;
  };
  /** A proof was refused because the authenticator's row was made or changed by somebody who only has the database. */
  'mfa.authenticator.tampered': { authenticatorId: string };
  'mfa.recovery_code.used': { authenticator: MfaEventAuthenticator; remaining: number };
  'mfa.recovery_codes.low': { authenticator: MfaEventAuthenticator; remaining: number };
  'mfa.recovery_codes.regenerated': { authenticator: MfaEventAuthenticator; count: number };
  'mfa.session.started': { methods: readonly AuthenticationMethod[] };
  /** A session gained the proof of a second factor. */
  'mfa.session.verified': { method: AuthenticationMethod } & ShownFacts;
  /** `device`: those that came of one trusted browser. */
  'mfa.session.ended': {
    scope: 'one' | 'others' | 'all' | 'device';
    reason: MfaSessionEndReason;
    /** Why an administrator has ended the sessions of all users. */
    explanation?: string;
  };
  /** A sign-in with a browser that is new to its user, or that the application calls new; `methods`: what it has proven. */
  'mfa.sign_in.new_browser': { methods: readonly AuthenticationMethod[] };
  'mfa.trusted_device.added': { deviceId: string };
  'mfa.trusted_device.used': { deviceId: string };
  /** A browser of another kind presented the trust of this one: its cookie was copied. Told once a window. */
  'mfa.trusted_device.refused': { deviceId: string; reason: 'other_browser' };
  /** `deviceId` null: all of the user's. */
  'mfa.trusted_device.revoked': { deviceId: string | null; reason: MfaTrustEndReason };
  /** An administrator removed factors. */
  'mfa.admin.reset': { reason: string; authenticators: readonly MfaEventAuthenticator[] };
  /** An administrator opened these authenticators, none if none was locked, and gave the user a new budget of attempts. */
  'mfa.admin.unlocked': { authenticators: readonly MfaEventAuthenticator[] };
  /** An administrator demands a second factor from this moment (ISO 8601) on, or (`from` null) no more. */
  'mfa.admin.enrollment_required': { reason: string; from: string | null };
  /** An administrator replaced the key of recovery codes: new sets are under another. It is nobody's event; see `MfaEvent.userId`. */
  'mfa.admin.recovery_code_key_replaced': { keyId: string };
  /** All that was kept of the user was removed, with or without the entries of the audit trail. */
  'mfa.user.forgotten': { auditTrail: 'removed' | 'kept' };
}

export type MfaEventType = keyof MfaEventData;

/** What happened to one user, or to the module as a whole. It is told after the change was committed, once. */
export type MfaEvent<T extends MfaEventType = MfaEventType> = {
  [K in T]: {
    /** Sorts by time. */
    id: string;
    type: K;
    at: Date;
    /** Empty where it happened to nobody: see `mfa.admin.recovery_code_key_replaced`. */
    userId: string;
    actor: MfaActor;
    /** As the framework tells it; behind a proxy that is what its trusted-proxy setting makes of it. */
    ip: string | null;
    userAgent: string | null;
    /** The authentication session in which it happened. */
    sessionId: string | null;
    data: MfaEventData[K];
  };
}[T];

/** An event before it has an id and a time. */
export type NewMfaEvent = { [K in MfaEventType]: { type: K; data: MfaEventData[K] } }[MfaEventType];
