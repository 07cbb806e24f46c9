import { describe, expect, it } from '@jest/globals';

import { connectSender } from '../../../../../test/support/sent-codes.js';
import { emailCode, maskEmail } from './email-code.js';

const IN = { sessionId: 's' };
const userWith = (email: unknown) => ({ id: 'ada', email: email as string });

describe('codes by e-mail', () => {
  it('are one factor with a first one by e-mail, and none where a device must be proven', () => {
    expect(emailCode().traits).toEqual({
      type: 'email_code',
      channel: 'email',
      refusedBy: ['aal2', 'strict', 'aal3'],
      label: 'E-mail',
      labels: { en: 'Codes by e-mail', de: 'Codes per E-Mail' },
    });
  });

  it('go to the address in the record, which the answer masks', async () => {
    const { factor, sent } = connectSender(emailCode());
    const { answer } = await factor.begin({ user: userWith('ada@example.com'), ...IN }, {});
    expect(sent).toMatchObject([{ channel: 'email', to: 'ada@example.com' }]);
    expect(answer).toEqual({ destination: 'a•••@example.com', expiresAt: expect.any(Date) });
  });

  it.each(['a@b', 'ada.lovelace+mfa@mail.example.com', 'ädä@bücher.example'])('can go to %s', (email) => {
    expect(connectSender(emailCode()).factor.isOffered?.(userWith(email))).toBe(true);
  });

  it.each([
    undefined,
    null,
    7,
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@x@example.com',
    'ada @example.com',
    'ada@exam ple.com',
    'eve@example.com\r\nBcc: eve@example.com',
    'ada\0@example.com',
    'ada@example.com\0',
    ' ada@example.com',
    'ada@example.com ',
    'ada@example.com,root',
    'ada@example.com;root',
    'Ada <ada@example.com>',
    ['ada@example.com'],
  ])('can not go to %j', async (email) => {
    const { factor, sent } = connectSender(emailCode());
    const user = userWith(email);
    expect(factor.isOffered?.(user)).toBe(false);
    await expect(async () => factor.begin({ user, ...IN }, {})).rejects.toMatchObject({
      code: 'invalid_request',
      details: { message: ['this account has no e-mail address to which a code could be sent'] },
    });
    expect(sent).toEqual([]);
  });

  it('have options of their own, and problems with them are told', async () => {
    const { factor, sent } = connectSender(emailCode({ digits: 8 }));
    await factor.begin({ user: userWith('ada@example.com'), ...IN }, {});
    expect(sent[0]?.code).toHaveLength(8);
    expect(emailCode().problems).toEqual([]);
    expect(emailCode({ digits: 5 }).problems).toEqual([
      '`digits` of `emailCode()` must be a whole number from 6 to 10',
    ]);
  });
});

it('masks all of an address but its first letter and its domain', () => {
  expect(maskEmail('ada@example.com')).toBe('a•••@example.com');
  expect(maskEmail('"a@b"@example.com')).toBe('"•••@example.com');
  expect(maskEmail('')).toBe('•••');
});
