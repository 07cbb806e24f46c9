import { describe, expect, it } from '@jest/globals';

import { cleanName, fittingName } from './authenticator-name.js';

describe('a name of an authenticator', () => {
  it.each([
    ['a direction that is turned around', 'Key \u202egpj.exe', 'Key gpj.exe'],
    ['isolates', '\u2066Key\u2069', 'Key'],
    ['marks of direction', '\u200eKey\u200f\u061c', 'Key'],
    ['zero-width spaces', 'K\u200be\u2060y\ufeff', 'Key'],
    ['joiners between letters that have none', 'K\u200de\u200cy', 'Key'],
    ['soft hyphens', 'Ke\u00ady', 'Key'],
    ['fillers', '\u3164Key\u115f\uffa0', 'Key'],
    ['tags', 'Key\u{e0041}\u{e007f}', 'Key'],
    ['variation selectors', 'Key\ufe00\ufe0f\u{e0100}', 'Key'],
    ['annotations', 'Key\ufff9x\ufffb', 'Keyx'],
    ['line breaks of any kind', 'a\r\nb\u0085c\u2028d\u2029e', 'a b c d e'],
    ['control characters', 'a\u0000b\u001bc', 'a b c'],
    ['half a pair', 'a\ud800', 'a\ufffd'],
    ['nothing that is seen', '\u200b\u202e \u2060', ''],
  ])('is kept without %s', (_, name, kept) => {
    expect(cleanName(name)).toBe(kept);
  });

  it.each([
    'Blue key',
    'Schlüssel von Jürgen',
    '私の電話',
    'مفتاح',
    'می\u200cخواهم',
    'क्\u200dष',
    'క్\u200cష',
    'ಕ್\u200dಷ',
    'ക്\u200dഷ',
    'ක්\u200dෂ',
    'ក\u200cខ',
    'က\u200cခ',
    'ཀ\u200cཁ',
    'مفتاح Ada',
    '👩\u200d💻 laptop',
    '👩🏽\u200d🚀',
    '❤\ufe0f\u200d🔥',
    '🏳\ufe0f\u200d🌈',
    '👨\u200d👩\u200d👧\u200d👦',
    '1\ufe0f\u20e3',
    '🇩🇪',
    'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢'.replaceAll('\u034f', ''),
  ])('stays as it is: %s', (name) => {
    expect(cleanName(name)).toBe(name);
    expect(fittingName(name)).toBe(name);
  });

  it('fits into its column, with whole characters', () => {
    expect(fittingName('a'.repeat(300))).toBe('a'.repeat(100));
    expect(fittingName(`a${'💥'.repeat(100)}`)).toBe(`a${'💥'.repeat(99)}`);
  });
});
