import type { NewMfaEvent } from '../journal/mfa-event.js';
import { nameAuthenticator } from '../journal/mfa-event.js';
import { areFewCodesLeft } from '../../core/policy/codes-left.js';
import type { Authenticator } from '../rows/authenticator.entity.js';

/** What it means that this authenticator's proof was accepted; `row` as it was when the use was claimed. */
export function proofEvents(row: Authenticator): NewMfaEvent[] {
  const authenticator = nameAuthenticator(row);
  const events: NewMfaEvent[] = [{ type: 'mfa.authenticator.used', data: { authenticator } }];
  if (row.remaining === null) return events;
  const remaining = row.remaining - 1;
  events.push({ type: 'mfa.recovery_code.used', data: { authenticator, remaining } });
  if (areFewCodesLeft(remaining))
    events.push({ type: 'mfa.recovery_codes.low', data: { authenticator, remaining } });
  return events;
}
