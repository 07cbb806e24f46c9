import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../engine/rows/mfa-request.js';

/** Who acts as an administrator, for events and the audit trail. Whether they may do so is up to the application. */
export interface MfaAdminAction {
  /** The administrator's id. */
  actor?: string;
  /** The request in which they act. Its IP address and user agent are recorded. */
  request?: object;
}

export function sourceOfAdmin({ actor, request }: MfaAdminAction): MfaEventSource {
  const source = request ? sourceOfRequest(request, '') : APPLICATION_SOURCE;
  return { ...source, actor: { type: 'admin', id: actor ?? null } };
}

/**
 * @throws {TypeError} without a reason: a reset follows an identity check, and the audit trail must say which (ASVS
 *   v5.0.0-6.4.4)
 */
export function assertReason(reason: unknown): asserts reason is string {
  if (typeof reason !== 'string' || reason.trim() === '') throw new TypeError('A reason is required');
}
