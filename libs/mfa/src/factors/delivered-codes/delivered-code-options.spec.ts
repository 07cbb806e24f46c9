import { describe, expect, it } from '@jest/globals';

import { resolveDeliveredCodes } from './delivered-code-options.js';

const DEFAULTS = { digits: 6, ttlSeconds: 600, maxMessages: 5, windowSeconds: 600 };

const problemsOf = (given: object, further?: string[]) =>
  resolveDeliveredCodes('smsCode', given, further).problems;

describe('the options of codes that are sent', () => {
  it('have defaults', () => {
    expect(resolveDeliveredCodes('smsCode', {})).toEqual({ options: DEFAULTS, problems: [] });
  });

  it('are taken as given', () => {
    const sendMessage = () => undefined;
    const given = { digits: 8, ttlSeconds: 120, maxMessages: 2, windowSeconds: 3600, sendMessage };
    expect(resolveDeliveredCodes('smsCode', given)).toEqual({ options: given, problems: [] });
  });

  it.each([
    ['digits', 6, 10],
    ['ttlSeconds', 60, 600],
    ['maxMessages', 1, 100],
    ['windowSeconds', 60, 86_400],
  ])('%s is a whole number from %i to %i', (key, least, most) => {
    const problem = [`\`${key}\` of \`smsCode()\` must be a whole number from ${least} to ${most}`];
    for (const value of [least, most]) expect(problemsOf({ [key]: value })).toEqual([]);
    for (const value of [least - 1, most + 1, least + 0.5, String(least), NaN]) {
      expect(problemsOf({ [key]: value })).toEqual(problem);
    }
  });

  it('are known by name', () => {
    expect(problemsOf({ digit: 6 })).toEqual([
      '`smsCode()` has no option `digit`; the options are sendMessage, digits, ttlSeconds, maxMessages, windowSeconds',
    ]);
    expect(problemsOf({ acceptNumber: () => true })).toHaveLength(1);
    expect(problemsOf({ acceptNumber: () => true }, ['acceptNumber'])).toEqual([]);
  });

  it.each(['sendMessage', 'acceptNumber'])('%s is a function', (key) => {
    const problem = [`\`${key}\` of \`smsCode()\` must be a function`];
    expect(problemsOf({ [key]: 'x' }, ['acceptNumber'])).toEqual(problem);
    expect(problemsOf({ [key]: null }, ['acceptNumber'])).toEqual(problem);
    expect(problemsOf({ [key]: undefined }, ['acceptNumber'])).toEqual([]);
  });
});
