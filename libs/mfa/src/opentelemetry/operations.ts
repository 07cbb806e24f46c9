import type { Type } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import { MFA_TYPES } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import type { OperationPart } from '../engine/factors/operation.js';
import { operationOf } from '../engine/factors/operation.js';
import { CodeVerifier } from '../engine/verification/code-verifier.js';
import { FACTORS } from '../factors/factors.js';
import { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { LoginFlow } from '../sign-in/login.flow.js';
import { SecondFactorFlow } from '../sign-in/second-factor.flow.js';
import { MfaStorage } from '../storage/mfa-storage.js';

/** An operation and the factor type it concerns, if known. */
export interface ObservedMethod extends OperationPart {
  type?: MfaType;
}

/** The operations of the engine and of each factor. */
export const OBSERVED: readonly ObservedMethod[] = [
  operationOf('guard', MfaPolicyService, 'decide'),
  operationOf('guard', MfaPolicyService, 'decideGlobally'),
  operationOf('sign_in', LoginFlow, 'login'),
  operationOf('proof', SecondFactorFlow, 'authenticateByCode'),
  operationOf('verification', CodeVerifier, 'verify'),
  operationOf('storage.read', MfaStorage, 'read'),
  operationOf('storage.commit', MfaStorage, 'commit'),
  ...FACTORS.flatMap(({ type, operations = [] }) =>
    operations.map((one) => (type === undefined ? one : { ...one, type })),
  ),
];

/** Injectables with one instance per application. */
export const OBSERVED_CLASSES: readonly Type[] = [...new Set(OBSERVED.map(({ of }) => of))];

/** How an operation ended, and what is known about it by then. */
export interface Ending {
  outcome: string;
  errorType?: string | undefined;
  type?: string | undefined;
}

/** @param result what the method returned */
export function endingOf(result: unknown): Ending {
  if (typeof result !== 'object' || result === null) return { outcome: 'ok' };
  const { allow, code, committed, status, type } = result as Record<string, unknown>;
  if (allow === true) return { outcome: 'allowed' };
  if (allow === false) return { outcome: 'refused', errorType: String(code) };
  if (committed === false) return { outcome: 'lost_claim' };
  if (typeof status === 'string') return { outcome: status };
  return { outcome: 'ok', type: MFA_TYPES.find((one) => one === type) };
}

/** @param error what the method threw */
export function failureOf(error: unknown): Ending {
  if (!(error instanceof MfaException)) return { outcome: 'failed', errorType: 'unexpected' };
  return { outcome: error.getStatus() < 500 ? 'refused' : 'failed', errorType: error.code };
}
