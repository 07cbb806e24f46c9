import { describe, expect, it } from '@jest/globals';

import { connectSender } from '../../../../../test/support/sent-codes.js';
import type { SmsCodeOptions } from '../delivered-codes/delivered-code-options.js';
import { maskPhoneNumber, smsCode } from './sms-code.js';

const NUMBER = '+491701234567';
const IN = { sessionId: 's' };
const userWith = (phoneNumber: unknown) => ({ id: 'ada', phoneNumber: phoneNumber as string });
const ADA = userWith(NUMBER);
const REFUSAL = {
  code: 'invalid_request',
  details: { message: ['this account has no telephone number to which a code could be sent'] },
};

describe('codes by text message', () => {
  it('are a restricted factor, which high profiles refuse', () => {
    expect(smsCode().traits).toEqual({
      type: 'sms_code',
      channel: 'sms',
      amr: ['sms'],
      refusedBy: ['strict', 'aal3'],
      restricted: true,
      label: 'Text message',
      labels: { en: 'Codes by text message', de: 'Codes per SMS' },
    });
  });

  it('go to the number in the record, with a word of the risk', async () => {
    const { factor, sent } = connectSender(smsCode());
    const { answer } = await factor.begin({ user: ADA, ...IN }, {});
    expect(sent).toMatchObject([{ channel: 'sms', to: NUMBER }]);
    expect(answer).toEqual({ destination: '•••• 4567', expiresAt: expect.any(Date), restricted: true });
  });

  it.each(['+123456', '+999999999999999', NUMBER])('can go to %s', (number) => {
    expect(connectSender(smsCode()).factor.isOffered?.(userWith(number))).toBe(true);
  });

  it.each([
    undefined,
    null,
    491701234567,
    '',
    '491701234567',
    '+01701234567',
    '+12345',
    '+1234567890123456',
    '+49 170 1234567',
    `${NUMBER}\n`,
    `call ${NUMBER}`,
    '+49170123456x',
    [NUMBER],
  ])('can not go to %j', async (number) => {
    const { factor, sent } = connectSender(smsCode());
    expect(factor.isOffered?.(userWith(number))).toBe(false);
    await expect(async () => factor.begin({ user: userWith(number), ...IN }, {})).rejects.toMatchObject(
      REFUSAL,
    );
    expect(sent).toEqual([]);
  });

  it('ask the application before each message whether the number is accepted', async () => {
    const asked: unknown[] = [];
    const acceptNumber = (...about: unknown[]) => {
      asked.push(about);
      return Promise.resolve(true);
    };
    const { factor, sent } = connectSender(smsCode({ acceptNumber }));
    await factor.begin({ user: ADA, ...IN }, {});
    const authenticator = { data: JSON.stringify({ to: NUMBER }) } as never;
    await factor.challenge?.({ user: ADA, ...IN, authenticator });
    expect(asked).toEqual([
      [NUMBER, ADA],
      [NUMBER, ADA],
    ]);
    expect(sent).toHaveLength(2);
  });

  it.each([false, undefined, null, 1, 'yes'])('are not sent if the answer is %j', async (answer) => {
    const acceptNumber = (() => answer) as SmsCodeOptions['acceptNumber'] & object;
    const { factor, sent } = connectSender(smsCode({ acceptNumber }));
    await expect(async () => factor.begin({ user: ADA, ...IN }, {})).rejects.toMatchObject(REFUSAL);
    expect(sent).toEqual([]);
  });

  it('have options of their own, and problems with them are told', async () => {
    const { factor, sent } = connectSender(smsCode({ digits: 8 }));
    await factor.begin({ user: ADA, ...IN }, {});
    expect(sent[0]?.code).toHaveLength(8);
    expect(smsCode({ acceptNumber: () => true }).problems).toEqual([]);
    expect(smsCode({ digits: 5 }).problems).toEqual([
      '`digits` of `smsCode()` must be a whole number from 6 to 10',
    ]);
  });
});

it('masks all of a number but its last four digits', () => {
  expect(maskPhoneNumber(NUMBER)).toBe('•••• 4567');
});
