import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import type { MfaMessage } from '../../adapter/message.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';
import { ENGLISH } from '../../i18n/en.js';
import { FactorTools } from './factor-tools.js';

const NEW = 'a secret of at least 32 bytes, never in use';
const OLD = 'a former secret of at least 32 bytes, too';
const USER = { id: 7 } as never;
const LIMIT = { messages: 2, windowSeconds: 600 };
const TAKEN = { userId: '7', at: 1, nextAt: new Date(2) };
const PIGEON = 'pigeon' as MfaType;
const GERMAN = { ...ENGLISH, locale: 'de', message: '{code} für {site}, {minutes} Minuten' };

/** Tools whose adapter encrypts by writing down everything it was given. */
function toolsOf({ secrets = [NEW], adapter = {} }: { secrets?: string[]; adapter?: object } = {}) {
  const sendMessage = jest.fn<(message: MfaMessage) => void>();
  const take = jest.fn(() => Promise.resolve(TAKEN));
  const commit = jest.fn(() => Promise.resolve());
  const tools = new FactorTools(
    { locales: [ENGLISH, GERMAN] } as never,
    { now: () => 0 },
    new KeyRing(secrets),
    {
      encrypt: (text: string, context: object) => JSON.stringify([text, context]),
      decrypt: (envelope: string, context: object) => `${envelope} ${JSON.stringify(context)}`,
      getLocale: () => Promise.resolve('de-AT'),
      getSiteName: () => Promise.resolve('Example'),
      sendMessage,
      ...adapter,
    } as never,
    { take, planGivingBack: (taken: object) => ({ givesBack: taken }) } as never,
    {
      all: [
        { type: 'pigeon' },
        { type: 'pigeon', encrypted: ['note', 'ring'] },
        { type: 'owl', encrypted: ['letter'] },
      ],
    } as never,
    { commit } as never,
  );
  return { tools, sendMessage, take, commit };
}

describe('a keyed hash', () => {
  const tools = toolsOf().tools.of(PIGEON);
  const former = toolsOf({ secrets: [OLD] }).tools.of(PIGEON);
  const both = toolsOf({ secrets: [NEW, OLD] }).tools.of(PIGEON);

  it('is one of exactly these fields', () => {
    expect(tools.hash('ada', '123456')).toMatch(/^[0-9a-f]{64}$/);
    expect(tools.isHashOf(tools.hash('ada', '123456'), 'ada', '123456')).toBe(true);
    for (const fields of [['ada', '123457'], ['ada1', '23456'], ['ada'], []])
      expect(tools.isHashOf(tools.hash('ada', '123456'), ...fields)).toBe(false);
  });

  it.each(['', 'no hash', 'ab'])('is not %p', (text) => {
    expect(tools.isHashOf(text, 'ada')).toBe(false);
  });

  it('is made with the first secret, and accepted under any of the list', () => {
    expect(both.hash('ada')).toBe(tools.hash('ada'));
    expect(both.isHashOf(former.hash('ada'), 'ada')).toBe(true);
    expect(tools.isHashOf(former.hash('ada'), 'ada')).toBe(false);
  });
});

describe('an encrypted text', () => {
  const tools = toolsOf().tools.of(PIGEON);
  const place = (column: string) => ({ column, userId: 'ada', key: 'row' });
  const bound = { purpose: 'pigeon:ring', userId: 'ada', recordId: 'row' };

  it('is bound to its column, its owner and its row', async () => {
    await expect(tools.encrypt('text', place('ring'))).resolves.toBe(JSON.stringify(['text', bound]));
    await expect(tools.decrypt('sealed', place('ring'))).resolves.toBe(`sealed ${JSON.stringify(bound)}`);
  });

  it.each(['letter', 'id'])('has no place in %s, which no table of the factor lists', async (column) => {
    await expect(tools.encrypt('text', place(column))).rejects.toThrow(TypeError);
    await expect(tools.decrypt('sealed', place(column))).rejects.toThrow(TypeError);
  });
});

describe('a message with a code', () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  afterEach(() => void error.mockClear());

  const MESSAGE = { channel: 'pigeon', to: 'loft 3', code: '123456', ttlSeconds: 300, limit: LIMIT };
  const SENT = {
    channel: 'pigeon',
    to: 'loft 3',
    text: '123456 für Example, 5 Minuten',
    code: '123456',
    user: USER,
    locale: 'de',
  };
  const refuse = (thrown: unknown) => () => {
    throw thrown;
  };

  it('goes through the adapter in the user’s language, within the budget', async () => {
    const { tools, sendMessage, take, commit } = toolsOf();
    await expect(tools.of(PIGEON).send(USER, MESSAGE)).resolves.toEqual({ nextAt: TAKEN.nextAt });
    expect(take.mock.calls).toEqual([['7', LIMIT]]);
    expect(sendMessage.mock.calls).toEqual([[SENT]]);
    expect(commit).not.toHaveBeenCalled();
  });

  it('is in the user’s language, not in that of the request', async () => {
    const getLocale = jest.fn(() => 'en');
    const { tools, sendMessage } = toolsOf({ adapter: { getLocale } });
    await tools.of(PIGEON).send(USER, MESSAGE);
    expect(getLocale.mock.calls).toEqual([[USER]]);
    expect(sendMessage.mock.calls[0]?.[0].locale).toBe('en');
  });

  it('goes through the sender of its factor instead, if that has one', async () => {
    const { tools, sendMessage } = toolsOf();
    const send = jest.fn(() => Promise.resolve());
    await tools.of(PIGEON).send(USER, { ...MESSAGE, send });
    expect(send.mock.calls).toEqual([[SENT]]);
    expect(sendMessage).not.toHaveBeenCalled();
  });

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('123456 to loft 3'), 'TypeError'],
    ['what is no error', '123456', 'no error'],
  ])('that cannot be sent costs nothing, and the log has no code: %s', async (_, thrown, name) => {
    const { tools, commit } = toolsOf({ adapter: { sendMessage: refuse(thrown) } });
    const sent = tools.of(PIGEON).send(USER, MESSAGE);
    await expect(sent).rejects.toMatchObject({ code: 'message_not_sent' });
    expect(commit.mock.calls).toEqual([[[{ givesBack: TAKEN }]]]);
    expect(error.mock.calls).toEqual([[`A code could not be sent (pigeon): ${name}`]]);
  });

  it('is not sent, nor given back, beyond the budget', async () => {
    const { tools, sendMessage, take, commit } = toolsOf();
    const spent = new Error('too many');
    take.mockRejectedValue(spent);
    await expect(tools.of(PIGEON).send(USER, MESSAGE)).rejects.toBe(spent);
    expect(sendMessage).not.toHaveBeenCalled();
    expect(commit).not.toHaveBeenCalled();
  });
});
