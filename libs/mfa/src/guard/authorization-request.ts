import { isWithin } from '../core/clock/clock.js';
import type { MfaAcrLevels } from '../core/policy/acr.js';
import { withLevel } from '../core/policy/acr.js';
import type { AuthenticationRecord, MfaType } from '../core/policy/methods.js';
import { isFirstFactor, isSecondFactor, isVouchedFor, newestRecord } from '../core/policy/methods.js';
import type { MfaPolicyDecision, MfaRequirement } from '../core/policy/policy.js';

/** What a client requests from an authorization server about the user's authentication. */
export interface MfaAuthorizationRequest {
  /** The parameter `acr_values`: names of levels in order of preference, separated by spaces or as an array. */
  acrValues?: string | readonly string[] | undefined;
  /** The parameter `max_age`, in seconds: how long ago the user may have been authenticated. */
  maxAge?: number | undefined;
}

/**
 * What the user owes, as the guard would refuse it. `reauthentication_required`: the first factor, for users who owe nothing
 * else.
 */
export type MfaOwedAuthentication =
  | Exclude<MfaPolicyDecision, { allow: true }>
  | { allow: false; code: 'reauthentication_required'; maxAge: number };

export type MfaAuthorizationDecision =
  | {
      isSatisfied: true;
      /** The level, for the claim `acr`; absent if none was requested. */
      acr?: string;
      /** The claim `auth_time`. */
      authTime: Date;
    }
  | {
      isSatisfied: false;
      /** The requested level that the user can reach. */
      acr?: string;
      owed: MfaOwedAuthentication;
    }
  | {
      isSatisfied: false;
      /** None of the requested levels is in the option `acr`: the error to answer the client with (RFC 9470, section 5). */
      error: 'unmet_authentication_requirements';
    };

interface Grounds {
  levels: MfaAcrLevels;
  defaultMaxAge: number;
  now: number;
  /** Whether the proofs meet the requirement. */
  decide: (requirement: MfaRequirement) => Promise<MfaPolicyDecision>;
  /** The types of which the user must set one up before anything else; null if they need not. */
  overdueTypes: () => Promise<MfaType[] | null>;
}

/**
 * Decides on such a request. The first requested level that is reached counts. If none is, the user owes the first one that
 * they could prove, or else the first one that they could enroll for.
 *
 * @param records the proofs of the user's valid session
 */
export async function decideAuthorization(
  { acrValues = [], maxAge }: MfaAuthorizationRequest,
  records: readonly AuthenticationRecord[],
  { levels, defaultMaxAge, now, decide, overdueTypes }: Grounds,
): Promise<MfaAuthorizationDecision> {
  const newest = newestRecord(records, isActive);
  const authTime = new Date(newest?.at ?? now);
  const isFresh = newest !== undefined && isWithin(newest.at, maxAge ?? defaultMaxAge, now);
  const asked = (typeof acrValues === 'string' ? acrValues.split(' ') : [...acrValues]).filter(
    (one) => one !== '',
  );
  if (asked.length === 0) {
    if (!isFresh) return { isSatisfied: false, owed: reauthentication(maxAge ?? defaultMaxAge) };
    const methods = await overdueTypes();
    if (methods)
      return { isSatisfied: false, owed: { allow: false, code: 'mfa_enrollment_required', methods } };
    return { isSatisfied: true, authTime };
  }
  const owed: { acr: string; owed: MfaOwedAuthentication }[] = [];
  for (const acr of asked.filter((one) => Object.hasOwn(levels, one))) {
    const level = withLevel({ acr }, levels);
    const decision = await decide({
      ...level,
      maxAge: Math.min(level.maxAge ?? defaultMaxAge, maxAge ?? defaultMaxAge),
    });
    if (decision.allow) return { isSatisfied: true, acr, authTime };
    owed.push({ acr, owed: decision });
  }
  const next = owed.find((one) => one.owed.code === 'mfa_required') ?? owed[0];
  return next
    ? { isSatisfied: false, ...next }
    : { isSatisfied: false, error: 'unmet_authentication_requirements' };
}

function reauthentication(maxAge: number): MfaOwedAuthentication {
  return { allow: false, code: 'reauthentication_required', maxAge };
}

/** Whether the user actively authenticated: a trusted browser is no authentication (NIST SP 800-63B-4, section 5.1). */
function isActive(record: AuthenticationRecord): boolean {
  return isFirstFactor(record) || isSecondFactor(record) || isVouchedFor(record);
}
