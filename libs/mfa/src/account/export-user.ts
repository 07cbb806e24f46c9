import { Inject, Injectable } from '@nestjs/common';

import type { MfaAuditEntry } from '../engine/journal/audit-entry.entity.js';
import { MfaAuditService } from '../engine/journal/mfa-audit.service.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { MfaType, MfaProvenMethod } from '../core/policy/methods.js';
import { RecoveryCodesService } from '../factors/recovery-codes/recovery-codes.service.js';
import { SessionExporter } from './export-sessions.js';
import type { MfaStatus } from './user-status.js';
import { TrustedDevicesService } from '../trusted-browsers/trusted-devices.service.js';
import { CredentialStore } from '../factors/webauthn/credential-store.js';
import type { WebAuthnCredential } from '../factors/webauthn/webauthn-credential.entity.js';

/** ISO 8601 in UTC; null if it never happened or is unknown. */
type Moment = string | null;

/** What is stored for a security key or passkey, besides the key itself. */
export interface MfaExportedCredential {
  credentialId: string;
  rpId: string;
  /** The authenticator's model; all zeros if it isn't disclosed. */
  aaguid: string;
  attestationFormat: string;
  transports: string[];
  signCount: number;
  backupEligible: boolean;
  backedUp: boolean;
  discoverable: boolean | null;
  passwordless: boolean;
  /** Whether its attestation led to a configured root; null if unknown. */
  attested: boolean | null;
  /** Identifiers of the keys that attested it: those of its model, or of its batch. */
  attestationKeys: string[] | null;
  /** When the status took effect for which its model was reported as revoked. */
  modelRejectedAt: Moment;
}

export interface MfaExportedAuthenticator {
  id: string;
  type: MfaType;
  name: string;
  createdAt: Moment;
  lastUsedAt: Moment;
  /** Failures since the last success. */
  failures: number;
  lockedAt: Moment;
  /** When it was suspended, for example because it was reported as lost. */
  suspendedAt: Moment;
  /** Only for security keys and passkeys. */
  credential?: MfaExportedCredential;
}

/**
 * Everything stored for a user, as plain data, for users who request it (GDPR, articles 15 and 20). It contains no secret, code
 * or token, and nothing from which one could be computed.
 */
export interface MfaUserExport {
  userId: string;
  exportedAt: string;
  status: {
    enabled: boolean;
    required: boolean;
    enrollmentDeadline: Moment;
    methods: MfaType[];
  };
  /** What is stored once per user. */
  account: {
    /** When the user was first told to set up a second factor. */
    enrollmentStartedAt: Moment;
    /** When the user first had a second factor. */
    enrolledAt: Moment;
    /** From when on an administrator demands a second factor. */
    enrollmentRequiredFrom: Moment;
    /** Attempts in the current window. */
    attempts: number;
    /** The random user handle of the user's security keys. */
    webauthnUserHandle: string | null;
  };
  authenticators: MfaExportedAuthenticator[];
  recoveryCodes: { total: number; remaining: number; createdAt: Moment };
  sessions: {
    id: string;
    status: 'pending' | 'authenticated';
    proven: (Omit<MfaProvenMethod, 'at'> & { at: Moment })[];
    createdAt: Moment;
    lastSeenAt: Moment;
    expiresAt: Moment;
    userAgent: string | null;
    ip: string | null;
  }[];
  trustedDevices: {
    id: string;
    userAgent: string | null;
    ip: string | null;
    createdAt: Moment;
    lastUsedAt: Moment;
    expiresAt: Moment;
  }[];
  /** The rows of custom factors, by table, with the columns that they export. */
  factorRows: { type: MfaType; table: string; rows: Record<string, unknown>[] }[];
  /** Newest first; empty unless the audit trail is enabled. */
  auditEntries: {
    id: string;
    type: string;
    at: Moment;
    actor: { type: 'user' | 'admin' | 'application'; id: string | null };
    ip: string | null;
    userAgent: string | null;
    sessionId: string | null;
    data: object;
  }[];
}

const PAGE = 1000;

/** Gathers everything stored for one user. Fields are picked by name, so a new column doesn't leak. */
@Injectable()
export class UserExporter {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService,
    @Inject(SessionExporter) private readonly sessions: SessionExporter,
    @Inject(TrustedDevicesService) private readonly devices: TrustedDevicesService,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** @param status the user's status according to the options and the adapter */
  async export(userId: string, status: MfaStatus): Promise<MfaUserExport> {
    const user = { id: userId };
    const { state, authenticators } = await this.accounts.find(userId);
    const { credentials } = await this.credentials.findAccount(userId);
    const codes = await this.recoveryCodes.summary(user);
    const devices = await this.devices.list(user);
    return {
      userId,
      exportedAt: new Date(this.clock.now()).toISOString(),
      status: {
        enabled: status.enabled,
        required: status.required,
        enrollmentDeadline: moment(status.enrollmentDeadline),
        methods: status.methods,
      },
      account: {
        enrollmentStartedAt: moment(state?.enrollmentStartedAt),
        enrolledAt: moment(state?.enrolledAt),
        enrollmentRequiredFrom: moment(state?.enrollmentRequiredFrom),
        attempts: state?.attempts ?? 0,
        webauthnUserHandle: state?.userHandle ?? null,
      },
      authenticators: authenticators.map((row) =>
        describeAuthenticator(
          row,
          credentials.find(({ authenticatorId }) => authenticatorId === row.id),
        ),
      ),
      recoveryCodes: { ...codes, createdAt: moment(codes.createdAt) },
      sessions: await this.sessions.of(user),
      trustedDevices: devices.map(({ id, userAgent, ip, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        userAgent,
        ip,
        createdAt: moment(createdAt),
        lastUsedAt: moment(lastUsedAt),
        expiresAt: moment(expiresAt),
      })),
      factorRows: await this.factorRowsOf(userId),
      auditEntries: (await this.trailOf(userId)).map(describeEntry),
    };
  }

  private async factorRowsOf(userId: string): Promise<MfaUserExport['factorRows']> {
    const found: MfaUserExport['factorRows'] = [];
    for (const table of this.factorTables.owned) {
      const { type, exported = [] } = table;
      if (exported.length === 0) continue;
      const rows = await this.factorTables.find(table, userId);
      const described = rows.map((row) =>
        Object.fromEntries(exported.map((property) => [property, plain(row[property])])),
      );
      found.push({ type, table: this.factorTables.nameOf(table), rows: described });
    }
    return found;
  }

  private async trailOf(userId: string): Promise<MfaAuditEntry[]> {
    const trail: MfaAuditEntry[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.audit.find({ userId, cursor, limit: PAGE });
      trail.push(...page.entries);
      cursor = page.next;
    } while (cursor !== null);
    return trail;
  }
}

/** The value as in JSON. */
function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : (value ?? null);
}

function moment(date: Date | null | undefined): Moment {
  return date?.toISOString() ?? null;
}

function describeAuthenticator(
  { id, type, name, createdAt, lastUsedAt, failures, lockedAt, suspendedAt }: Authenticator,
  credential: WebAuthnCredential | undefined,
): MfaExportedAuthenticator {
  return {
    id,
    type,
    name,
    createdAt: moment(createdAt),
    lastUsedAt: moment(lastUsedAt),
    failures,
    lockedAt: moment(lockedAt),
    suspendedAt: moment(suspendedAt),
    ...(credential ? { credential: describeCredential(credential) } : {}),
  };
}

function describeCredential(credential: WebAuthnCredential): MfaExportedCredential {
  const { credentialId, rpId, aaguid, format, transports, signCount } = credential;
  const { backupEligible, backedUp, discoverable, passwordless, attested, attestationKeys } = credential;
  return {
    credentialId,
    rpId,
    aaguid,
    attestationFormat: format,
    transports,
    signCount,
    backupEligible,
    backedUp,
    discoverable,
    passwordless,
    attested,
    attestationKeys,
    modelRejectedAt: moment(credential.modelRejectedAt),
  };
}

function describeEntry(entry: MfaAuditEntry): MfaUserExport['auditEntries'][number] {
  const { id, type, at, actorType, actorId, ip, userAgent, sessionId, data } = entry;
  const actor = { type: actorType, id: actorId };
  return { id, type, at: moment(at), actor, ip, userAgent, sessionId, data };
}
