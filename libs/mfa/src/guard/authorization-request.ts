import { isWithin } from '../core/clock/clock.js';
import type { MfaAcrLevels } from '../core/policy/acr.js';
import { withLevel } from '../core/policy/acr.js';
import type { AuthenticationRecord, MfaType } from '../core/policy/methods.js';
import { isFirstFactor, isSecondFactor, isVouchedFor, newestRecord } from '../core/policy/methods.js';
import type { MfaPolicyDecision, MfaRequirement } from '../core/policy/policy.js';

/** What a client asks of an authorization server about the authentication of the user. */
export interface MfaAuthorizationRequest {
  /** The parameter `acr_values`: names of levels, the most wanted first; separated by spaces, or a list. */
  acrValues?: string | readonly string[] | undefined;
  /** The parameter `max_age`, in seconds: how long ago the user may have been authenticated. */
  maxAge?: number | undefined;
}

/** What is owed, as the guard would refuse it; `reauthentication_required`: the first factor, for whom nothing else is asked of. */
export type MfaOwedAuthentication =
  | Exclude<MfaPolicyDecision, { allow: true }>
  | { allow: false; code: 'reauthentication_required'; maxAge: number };

export type MfaAuthorizationDecision =
  | {
      isSatisfied: true;
      /** The level, for the claim `acr`; absent where none was asked for. */
      acr?: string;
      /** The claim `auth_time`. */
      authTime: Date;
    }
  | {
      isSatisfied: false;
      /** The level that would do, of those that were asked for. */
      acr?: string;
      owed: MfaOwedAuthentication;
    }
  | {
      isSatisfied: false;
      /** No level that was asked for is one of the option `acr`: the answer to the client (RFC 9470, section 5). */
      error: 'unmet_authentication_requirements';
    };

interface Grounds {
  levels: MfaAcrLevels;
  defaultMaxAge: number;
  now: number;
  /** Whether what was proven reaches the requirement. */
  decide: (requirement: MfaRequirement) => Promise<MfaPolicyDecision>;
  /** The types of which the user has to set one up before anything else; null where none has to be. */
  overdueTypes: () => Promise<MfaType[] | null>;
}

/**
 * Decides on such a request. Of several levels the first that is reached counts; where none is, the first that the user could prove is
 * owed, else the first that they could enroll for.
 *
 * @param records what the user's living session holds
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

/** Whether somebody did something for it: a trusted browser is no authentication (NIST SP 800-63B-4, section 5.1). */
function isActive(record: AuthenticationRecord): boolean {
  return isFirstFactor(record) || isSecondFactor(record) || isVouchedFor(record);
}
