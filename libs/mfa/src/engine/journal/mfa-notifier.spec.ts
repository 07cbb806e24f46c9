import { describe, expect, it } from '@jest/globals';

import { MFA_NOTIFICATION_TYPES } from '../../core/users/notification.js';
import type { MfaEvent, MfaEventData, MfaEventType } from './mfa-event.js';
import { notificationOf } from './mfa-notifier.js';

const authenticator = { id: 'an id', type: 'totp', name: 'Phone' } as const;
const named = { authenticatorType: 'totp', authenticatorName: 'Phone' };

/** The compiler requires every type. */
const CASES: { [T in MfaEventType]: [MfaEventData[T], object | null] } = {
  'mfa.authenticator.added': [
    { authenticator, isFirst: true },
    { type: 'authenticator_added', ...named },
  ],
  'mfa.authenticator.removed': [
    { authenticator, isLast: true },
    { type: 'authenticator_removed', ...named },
  ],
  'mfa.authenticator.renamed': [{ authenticator, formerName: 'x' }, null],
  'mfa.authenticator.used': [{ authenticator }, null],
  'mfa.authenticator.failed': [{ types: ['totp'], afterFirstFactor: true }, null],
  'mfa.attempts.exhausted': [{ attempts: 5, windowSeconds: 300 }, { type: 'attempts_exhausted' }],
  'mfa.enrollment.failed': [{ type: 'totp' }, null],
  'mfa.reauthentication.failed': [{ method: 'pwd' }, null],
  'mfa.access.refused': [{ reason: 'mfa_required' }, null],
  'mfa.authenticator.locked': [{ authenticator }, { type: 'authenticator_locked', ...named }],
  'mfa.authenticator.unlocked': [
    { authenticator, by: 'admin' },
    { type: 'authenticator_unlocked', ...named },
  ],
  'mfa.authenticator.suspended': [
    { authenticator, by: 'user' },
    { type: 'authenticator_suspended', ...named },
  ],
  'mfa.authenticator.resumed': [
    { authenticator, by: 'admin', reason: 'x' },
    { type: 'authenticator_resumed', ...named },
  ],
  'mfa.authenticator.backup_eligibility_changed': [{ authenticator, backupEligible: true }, null],
  'mfa.authenticator.unreadable': [{ authenticator }, null],
  'mfa.authenticator.cloned': [{ authenticator }, { type: 'authenticator_cloned', ...named }],
  'mfa.authenticator.model_revoked': [
    { authenticator, aaguid: 'x', model: null, status: 'REVOKED', since: null },
    { type: 'authenticator_model_revoked', ...named },
  ],
  'mfa.authenticator.tampered': [{ authenticatorId: 'x' }, null],
  'mfa.recovery_code.used': [
    { authenticator, remaining: 0 },
    { type: 'recovery_code_used', ...named, remaining: 0 },
  ],
  'mfa.recovery_codes.low': [
    { authenticator, remaining: 2 },
    { type: 'recovery_codes_low', ...named, remaining: 2 },
  ],
  'mfa.recovery_codes.regenerated': [
    { authenticator, count: 10 },
    { type: 'recovery_codes_regenerated', ...named, remaining: 10 },
  ],
  'mfa.session.started': [{ methods: ['pwd'] }, null],
  'mfa.session.verified': [{ method: 'totp' }, null],
  'mfa.session.ended': [{ scope: 'one', reason: 'logout' }, null],
  'mfa.trusted_device.added': [{ deviceId: 'x' }, { type: 'trusted_device_added' }],
  'mfa.trusted_device.used': [{ deviceId: 'x' }, null],
  'mfa.trusted_device.refused': [
    { deviceId: 'x', reason: 'other_browser' },
    { type: 'trusted_device_copied' },
  ],
  'mfa.trusted_device.revoked': [{ deviceId: 'x', reason: 'reused' }, { type: 'trusted_device_reused' }],
  'mfa.sign_in.new_browser': [{ methods: ['pwd'] }, { type: 'new_sign_in' }],
  'mfa.admin.reset': [{ reason: 'x', authenticators: [authenticator] }, { type: 'admin_reset' }],
  'mfa.admin.enrollment_required': [
    { reason: 'x', from: '2027-02-01T00:00:00.000Z' },
    { type: 'enrollment_demanded', from: Date.UTC(2027, 1, 1) },
  ],
  'mfa.admin.unlocked': [{ authenticators: [] }, null],
  'mfa.admin.recovery_code_key_replaced': [{ keyId: 'x' }, null],
  'mfa.user.forgotten': [{ auditTrail: 'removed' }, null],
};

describe('what the owner of the account is told of', () => {
  it.each(Object.entries(CASES))('%s', (type, [data, expected]) => {
    expect(notificationOf({ type, data } as MfaEvent)).toEqual(expected);
  });

  it('is a lock because of a copy with the copy, and not once more', () => {
    const data = { authenticator, reason: 'cloned' };
    expect(notificationOf({ type: 'mfa.authenticator.locked', data } as MfaEvent)).toBeNull();
  });

  it('is a demand to enroll, and not that it was taken back', () => {
    const data = { reason: 'x', from: null };
    expect(notificationOf({ type: 'mfa.admin.enrollment_required', data } as MfaEvent)).toBeNull();
  });

  it('is every kind of notification', () => {
    const types = Object.values(CASES).flatMap(
      ([, facts]) => (facts as { type?: string } | null)?.type ?? [],
    );
    expect(types.sort()).toEqual([...MFA_NOTIFICATION_TYPES].sort());
  });
});
