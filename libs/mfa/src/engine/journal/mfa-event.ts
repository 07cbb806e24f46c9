import type { AuthenticationMethod, MfaType, ShownFacts } from '../../core/policy/methods.js';
import type { MfaActor } from '../rows/mfa-request.js';

/** An authenticator as events name it, without any of its data. */
export interface MfaEventAuthenticator {
  id: string;
  type: MfaType;
  name: string;
}

/** Why sessions ended. `trust_reused`: they were started from a trusted browser whose token two parties hold. */
export type MfaSessionEndReason =
  'logout' | 'revoked' | 'factors_changed' | 'password_changed' | 'admin' | 'trust_reused';

/** Why trusted browsers lost their trust. `reused`: a replaced token was presented again, so two parties hold it. */
export type MfaTrustEndReason = 'revoked' | 'factors_changed' | 'password_changed' | 'admin' | 'reused';

/**
 * Why a request was refused: the error code of the response; `foreign_session`: the session belongs to another user and was
 * ignored; `pending_session`: the sign-in is pending where only a complete one counts.
 */
export type RefusalReason =
  | 'mfa_required'
  | 'mfa_enrollment_required'
  | 'reauthentication_required'
  | 'cross_origin'
  | 'foreign_session'
  | 'pending_session';

/** The data of each kind of event, besides who, when and from where. None of it is secret. */
export interface MfaEventData {
  'mfa.authenticator.added': { authenticator: MfaEventAuthenticator; isFirst: boolean };
  'mfa.authenticator.removed': { authenticator: MfaEventAuthenticator; isLast: boolean };
  'mfa.authenticator.renamed': { authenticator: MfaEventAuthenticator; formerName: string };
  /** A proof was accepted. */
  'mfa.authenticator.used': { authenticator: MfaEventAuthenticator };
  /** A proof was refused. `afterFirstFactor`: the user had just passed the first factor (ASVS v5.0.0-6.3.5). */
  'mfa.authenticator.failed': { types: readonly MfaType[]; afterFirstFactor: boolean };
  /** The user's budget of attempts, which all factors share, is spent. Emitted once per window. */
  'mfa.attempts.exhausted': { attempts: number; windowSeconds: number };
  /** The proof that should have finished the setup of a factor was refused. */
  'mfa.enrollment.failed': { type: MfaType };
  /** The user was asked for the first factor again, and it was wrong. */
  'mfa.reauthentication.failed': { method: AuthenticationMethod };
  /** A request of this user was refused, or it carried another user's session. Emitted once per window and reason. */
  'mfa.access.refused': { reason: RefusalReason };
  /** Failures reached the cap, or (`reason`) the authenticator was cloned. */
  'mfa.authenticator.locked': { authenticator: MfaEventAuthenticator; reason?: 'cloned' };
  'mfa.authenticator.unlocked': {
    authenticator: MfaEventAuthenticator;
    by: 'admin' | 'other_factor' | 'codes' | 'time';
  };
  /** The owner reported it as lost, or an administrator suspended it (`reason`). It verifies nothing. */
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
  /** A code could not be verified because the authenticator's data can't be read. Emitted once per window. */
  'mfa.authenticator.unreadable': { authenticator: MfaEventAuthenticator };
  /** A signature counter went backwards, so there may be a copy of the key (WebAuthn Level 3, section 6.1.1). */
  'mfa.authenticator.cloned': { authenticator: MfaEventAuthenticator };
  /** A key's backup eligibility differs from what it was at registration (section 7.2, step 19). */
  'mfa.authenticator.backup_eligibility_changed': {
    authenticator: MfaEventAuthenticator;
    backupEligible: boolean;
  };
  /**
   * The model of a key got a status with which keys can no longer be registered; this key still works. `since`: when the status
   * took effect (ISO 8601), if the metadata says so. Emitted once for each newer status.
   */
  'mfa.authenticator.model_revoked': {
    authenticator: MfaEventAuthenticator;
    aaguid: string;
    model: string | null;
    status: string;
    since: string | null;
  };
  /**
   * A proof was refused because the authenticator's row was written or changed by someone with access to the database alone.
   */
  'mfa.authenticator.tampered': { authenticatorId: string };
  'mfa.recovery_code.used': { authenticator: MfaEventAuthenticator; remaining: number };
  'mfa.recovery_codes.low': { authenticator: MfaEventAuthenticator; remaining: number };
  'mfa.recovery_codes.regenerated': { authenticator: MfaEventAuthenticator; count: number };
  'mfa.session.started': { methods: readonly AuthenticationMethod[] };
  /** A session gained a proof of a second factor. */
  'mfa.session.verified': { method: AuthenticationMethod } & ShownFacts;
  /** `device`: those started from one trusted browser. */
  'mfa.session.ended': {
    scope: 'one' | 'others' | 'all' | 'device';
    reason: MfaSessionEndReason;
    /** Why an administrator ended the sessions of all users. */
    explanation?: string;
  };
  /** A sign-in with a browser that is new to the user, or that the application considers new. `methods`: what was proven. */
  'mfa.sign_in.new_browser': { methods: readonly AuthenticationMethod[] };
  'mfa.trusted_device.added': { deviceId: string };
  'mfa.trusted_device.used': { deviceId: string };
  /** A browser of another kind presented this one's token, so the cookie was copied. Emitted once per window. */
  'mfa.trusted_device.refused': { deviceId: string; reason: 'other_browser' };
  /** `deviceId` is null when all of the user's trusted browsers are revoked. */
  'mfa.trusted_device.revoked': { deviceId: string | null; reason: MfaTrustEndReason };
  /** An administrator removed factors. */
  'mfa.admin.reset': { reason: string; authenticators: readonly MfaEventAuthenticator[] };
  /** An administrator unlocked these authenticators (none if none was locked) and renewed the user's budget of attempts. */
  'mfa.admin.unlocked': { authenticators: readonly MfaEventAuthenticator[] };
  /** An administrator demands a second factor from this time (ISO 8601) on, or (`from` null) no longer demands one. */
  'mfa.admin.enrollment_required': { reason: string; from: string | null };
  /**
   * An administrator replaced the key of recovery codes; new sets use the new key. The event belongs to no user; see
   * `MfaEvent.userId`.
   */
  'mfa.admin.recovery_code_key_replaced': { keyId: string };
  /** Everything kept of the user was removed, with or without the entries of the audit trail. */
  'mfa.user.forgotten': { auditTrail: 'removed' | 'kept' };
}

export type MfaEventType = keyof MfaEventData;

/** Something that happened to one user, or to the module as a whole. Emitted once, after the change was committed. */
export type MfaEvent<T extends MfaEventType = MfaEventType> = {
  [K in T]: {
    /** Sorts by time. */
    id: string;
    type: K;
    at: Date;
    /** Empty if the event belongs to no user: see `mfa.admin.recovery_code_key_replaced`. */
    userId: string;
    actor: MfaActor;
    /** As reported by the framework; behind a proxy it depends on the trusted-proxy setting. */
    ip: string | null;
    userAgent: string | null;
    /** The authentication session in which it happened. */
    sessionId: string | null;
    data: MfaEventData[K];
  };
}[T];

/** An event before it has an id and a time. */
export type NewMfaEvent = { [K in MfaEventType]: { type: K; data: MfaEventData[K] } }[MfaEventType];
