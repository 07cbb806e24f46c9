import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { turns } from '../../../../../test/support/eventually.js';
import type { MfaNotification } from '../../core/users/notification.js';
import { MFA_NOTIFICATION_TYPES } from '../../core/users/notification.js';
import { GERMAN } from '../../i18n/de.js';
import { ENGLISH } from '../../i18n/en.js';
import { MAIL_LINKS } from './mail-links.js';
import type { MfaEvent, MfaEventData, MfaEventType } from './mfa-event.js';
import { MfaNotifier, notificationOf } from './mfa-notifier.js';

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

  it.each(['revoked', 'factors_changed', 'password_changed', 'admin'])(
    'is that two browsers use one token, and not that trust ended otherwise: %s',
    (reason) => {
      const data = { deviceId: 'x', reason };
      expect(notificationOf({ type: 'mfa.trusted_device.revoked', data } as MfaEvent)).toBeNull();
    },
  );

  it('is every kind of notification', () => {
    const types = Object.values(CASES).flatMap(
      ([, facts]) => (facts as { type?: string } | null)?.type ?? [],
    );
    expect(types.sort()).toEqual([...MFA_NOTIFICATION_TYPES].sort());
  });
});

describe('notifying the owner of the account', () => {
  const USER = { id: 'ada' };
  const AT = new Date('2027-01-15T08:00:00Z');
  const added = {
    type: 'mfa.authenticator.added',
    at: AT,
    ip: '192.0.2.1',
    userAgent: 'Firefox',
    data: { authenticator, isFirst: true },
  } as MfaEvent;
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  beforeEach(() => void log.mockClear());

  interface Mailer {
    locale?: () => unknown;
    url?: string | null;
    send?: () => unknown;
  }

  /** A notifier, and what it sent to whom. */
  const notifier = ({ locale = () => 'en', url = null, send }: Mailer = {}) => {
    const sent: [Partial<MfaNotification>, object][] = [];
    const adapter = {
      getLocale: async (user: object) => {
        expect(user).toBe(USER);
        return Promise.resolve(locale());
      },
      getSiteName: () => 'Example',
      sendNotification: (notification: MfaNotification, user: object) => {
        sent.push([notification, user]);
        return send?.();
      },
    };
    const support = {
      find: (user: { id: string }) => Promise.resolve({ text: `the desk for ${user.id}`, href: null }),
    };
    const pages = { pageOf: (type: string) => url && `${url}/${type}` };
    const options = { locales: [ENGLISH, GERMAN] };
    const made = new MfaNotifier(adapter as never, support as never, pages, options as never);
    return { made, sent };
  };
  /** What was sent of one event. */
  const sentOf = async (mailer: Mailer, event = added) => {
    const { made, sent } = notifier(mailer);
    made.notify(event, USER);
    await made.onModuleDestroy();
    return sent;
  };

  it('says what happened, when and from where, in the words of the application', async () => {
    const [[notification, user] = [], ...more] = await sentOf({});
    expect([user, more]).toEqual([USER, []]);
    expect(notification).toEqual({
      type: 'authenticator_added',
      ...named,
      at: AT.getTime(),
      ip: '192.0.2.1',
      userAgent: 'Firefox',
      locale: 'en',
      subject: 'Example: a second factor was added',
      text: expect.stringMatching(/^“Phone” was added[^]*\n\nQuestions\? the desk for ada$/),
      html: expect.stringContaining('<p>“Phone” was added'),
    });
  });

  it('is done in the language of the user, or in the first one', async () => {
    const localeOf = async (locale: unknown) => (await sentOf({ locale: () => locale }))[0]?.[0].locale;
    expect([await localeOf('de-AT'), await localeOf('it'), await localeOf(null)]).toEqual(['de', 'en', 'en']);
  });

  it('names the page about it, where there is one', async () => {
    const [[notification] = []] = await sentOf({ url: 'https://example.com' });
    expect(notification).toMatchObject({
      url: 'https://example.com/authenticator_added',
      text: expect.stringContaining('See your account: https://example.com/authenticator_added'),
    });
  });

  it('is not done about everyday events', async () => {
    const used = { ...added, type: 'mfa.authenticator.used', data: { authenticator } } as MfaEvent;
    expect(await sentOf({}, used)).toEqual([]);
  });

  it.each<[string, Mailer, string]>([
    ['the mailer throws', { send: () => Promise.reject(new Error('no mail today')) }, 'no mail today'],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['the mailer throws what is no error', { send: () => Promise.reject('a secret') }, ''],
    [
      'nobody knows the language',
      {
        locale: () => {
          throw new Error('no language');
        },
      },
      'no language',
    ],
  ])('is logged, and fails nobody, when %s', async (_, mailer, reason) => {
    await sentOf(mailer);
    expect(log.mock.calls).toEqual([[`A notification (authenticator_added) could not be sent: ${reason}`]]);
  });

  it('delays the end of the application by five seconds at most', async () => {
    const limit = new AbortController();
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
    const { made } = notifier({ send: () => new Promise(() => undefined) });
    made.notify(added, USER);
    let hasEnded = false;
    const ended = made.onModuleDestroy().then(() => (hasEnded = true));
    await turns();
    expect([hasEnded, timeout.mock.calls]).toEqual([false, [[5000]]]);
    limit.abort();
    await ended;
    timeout.mockRestore();
  });

  it('asks for pages under a token that all copies of the module share', () => {
    expect(MAIL_LINKS).toBe(Symbol.for('nestjs-mfa:MAIL_LINKS'));
  });
});
