import type { MfaNotification } from '../../core/users/notification.js';
import type { EventAuthenticator, MfaEvent } from './mfa-event.js';

type Facts = Pick<MfaNotification, 'type' | 'authenticatorType' | 'authenticatorName' | 'remaining'>;

/** What the owner of the account is told of an event; null for those that are everyday life. */
export function notificationOf(event: MfaEvent): Facts | null {
  switch (event.type) {
    case 'mfa.authenticator.added':
      return { type: 'authenticator_added', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.removed':
      return { type: 'authenticator_removed', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.locked':
      // That there is a copy is told by itself, and with it the lock.
      if (event.data.reason === 'cloned') return null;
      return { type: 'authenticator_locked', ...nameOf(event.data.authenticator) };
    case 'mfa.authenticator.cloned':
      return { type: 'authenticator_cloned', ...nameOf(event.data.authenticator) };
    case 'mfa.attempts.exhausted':
      return { type: 'attempts_exhausted' };
    case 'mfa.recovery_code.used':
      return { type: 'recovery_code_used', ...nameOf(event.data.authenticator), ...left(event.data) };
    case 'mfa.recovery_codes.low':
      return { type: 'recovery_codes_low', ...nameOf(event.data.authenticator), ...left(event.data) };
    case 'mfa.recovery_codes.regenerated':
      return {
        type: 'recovery_codes_regenerated',
        ...nameOf(event.data.authenticator),
        remaining: event.data.count,
      };
    case 'mfa.trusted_device.added':
      return { type: 'trusted_device_added' };
    case 'mfa.trusted_device.revoked':
      return event.data.reason === 'reused' ? { type: 'trusted_device_reused' } : null;
    case 'mfa.trusted_device.refused':
      return { type: 'trusted_device_copied' };
    case 'mfa.admin.reset':
      return { type: 'admin_reset' };
    default:
      return null;
  }
}

const nameOf = ({ type, name }: EventAuthenticator) => ({ authenticatorType: type, authenticatorName: name });
const left = ({ remaining }: { remaining: number }) => ({ remaining });
