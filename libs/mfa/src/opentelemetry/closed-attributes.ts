import type { Attributes } from '@opentelemetry/api';

import { MFA_ERRORS } from '../core/errors/error-codes.js';
import { MFA_TYPES } from '../core/policy/methods.js';
import { MFA_OPERATIONS } from '../engine/factors/operation.js';
import type { MfaEventType } from '../engine/journal/mfa-event.js';
import { ENGLISH } from '../i18n/en.js';
import type { SupportedDatabase } from '../schema/check-data-source.js';

/**
 * How an operation ended. `refused`: the module said no (4xx). `failed`: something went wrong (5xx, or any other
 * error).
 */
export const MFA_OUTCOMES = [
  'ok',
  'allowed',
  'refused',
  'failed',
  'lost_claim',
  'authenticated',
  'mfa_required',
  'enrollment_required',
] as const;

/** Every event type; the compiler checks that none is missing. */
const EVENTS: Record<MfaEventType, true> = {
  'mfa.authenticator.added': true,
  'mfa.authenticator.removed': true,
  'mfa.authenticator.renamed': true,
  'mfa.authenticator.used': true,
  'mfa.authenticator.failed': true,
  'mfa.attempts.exhausted': true,
  'mfa.enrollment.failed': true,
  'mfa.reauthentication.failed': true,
  'mfa.access.refused': true,
  'mfa.authenticator.locked': true,
  'mfa.authenticator.unlocked': true,
  'mfa.authenticator.suspended': true,
  'mfa.authenticator.resumed': true,
  'mfa.authenticator.unreadable': true,
  'mfa.authenticator.cloned': true,
  'mfa.authenticator.backup_eligibility_changed': true,
  'mfa.authenticator.model_revoked': true,
  'mfa.authenticator.tampered': true,
  'mfa.recovery_code.used': true,
  'mfa.recovery_codes.low': true,
  'mfa.recovery_codes.regenerated': true,
  'mfa.session.started': true,
  'mfa.session.verified': true,
  'mfa.session.ended': true,
  'mfa.sign_in.new_browser': true,
  'mfa.trusted_device.added': true,
  'mfa.trusted_device.used': true,
  'mfa.trusted_device.refused': true,
  'mfa.trusted_device.revoked': true,
  'mfa.admin.reset': true,
  'mfa.admin.unlocked': true,
  'mfa.admin.enrollment_required': true,
  'mfa.admin.recovery_code_key_replaced': true,
  'mfa.user.forgotten': true,
};

export const EVENT_TYPES = Object.keys(EVENTS);
export const LOCK_CAUSES = ['failures', 'cloned'];

/** OpenTelemetry's names for TypeORM's database types. */
export const DATABASE_SYSTEMS = {
  'better-sqlite3': 'sqlite',
  postgres: 'postgresql',
  cockroachdb: 'cockroachdb',
  mysql: 'mysql',
  mariadb: 'mariadb',
} as const satisfies Record<SupportedDatabase, string>;

/**
 * The allowed values of each attribute. `error.type` and `db.system.name` are OpenTelemetry's own names (semantic
 * conventions).
 */
const VALUES = {
  'mfa.operation': new Set<string>(MFA_OPERATIONS),
  'mfa.outcome': new Set<string>(MFA_OUTCOMES),
  // Includes the application's own factors: the number of types is fixed by what it registers.
  'mfa.factor.type': { has: (type: string) => MFA_TYPES.some((one) => one === type) },
  'mfa.event': new Set(EVENT_TYPES),
  'mfa.notification': new Set(Object.keys(ENGLISH.notifications)),
  'mfa.channel': new Set(['email', 'sms']),
  'mfa.lock.cause': new Set(LOCK_CAUSES),
  'error.type': new Set(Object.keys(MFA_ERRORS)),
  'db.system.name': new Set<string>(Object.values(DATABASE_SYSTEMS)),
} satisfies Record<string, { has(value: string): boolean }>;

export type MfaAttribute = keyof typeof VALUES;

/** Replaces any value that isn't listed: it may identify a user, and there is no limit to how many there are. */
export const OTHER = 'other';

/**
 * Attributes for spans and metrics whose values come from closed lists, or are `other`. Undefined values are left out.
 *
 * Nothing that a client sends and nothing about a user passes through, so metrics can neither leak it nor grow in
 * number with it.
 */
export function closed(given: Partial<Record<MfaAttribute, string | undefined>>): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(given) as [MfaAttribute, string | undefined][]) {
    if (value !== undefined) attributes[name] = VALUES[name].has(value) ? value : OTHER;
  }
  return attributes;
}
