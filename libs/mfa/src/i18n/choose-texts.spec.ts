import { describe, expect, it } from '@jest/globals';

import { fillIn, preferredLocale, textsOf } from './choose-texts.js';
import { GERMAN } from './de.js';
import { ENGLISH } from './en.js';
import type { MfaLocaleTexts } from './locale-texts.js';

const named = (locale: string): MfaLocaleTexts => ({ ...ENGLISH, locale });
const BRAZILIAN = named('pt-BR');
const AUSTRIAN = named('de-AT');

/** CPU time of this process, so that load from others doesn't count. */
function millisecondsOfWork(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

describe('the texts of a language', () => {
  it.each<[string, string | null | undefined, string]>([
    ['the language itself', 'de', 'de'],
    ['a region that is there', 'pt-BR', 'pt-BR'],
    ['another case', 'PT-br', 'pt-BR'],
    ['a region that is not there', 'de-CH', 'de'],
    ['a script and a region', 'de-Latn-AT', 'de'],
    ['another case and a region', 'DE-ch', 'de'],
    ['a language that is not there', 'fr', 'en'],
    ['a language that begins alike', 'den', 'en'],
    ['nothing', '', 'en'],
    ['null', null, 'en'],
    ['undefined', undefined, 'en'],
    ['a key of objects', '__proto__', 'en'],
    ['garbage', '-', 'en'],
  ])('for %s', (_, wanted, expected) => {
    expect(textsOf(wanted, [ENGLISH, GERMAN, BRAZILIAN]).locale).toBe(expected);
  });

  it('are the region’s own where it has some', () => {
    expect(textsOf('de-AT', [ENGLISH, GERMAN, AUSTRIAN])).toBe(AUSTRIAN);
    expect(textsOf('de', [ENGLISH, AUSTRIAN, GERMAN])).toBe(GERMAN);
  });

  it('are the first of the list otherwise, whatever that is', () => {
    expect(textsOf('fr', [GERMAN, ENGLISH])).toBe(GERMAN);
  });

  it('are those of a script, for a region that writes in it', () => {
    const [chinese, traditional] = [named('zh'), named('zh-Hant')];
    for (const locale of ['zh-Hant-TW', 'zh-hant', 'zh-Hant-TW-x-private', 'zh-Hant-x-private1-private2']) {
      expect(textsOf(locale, [ENGLISH, chinese, traditional])).toBe(traditional);
    }
    expect(textsOf('zh-TW', [ENGLISH, chinese, traditional])).toBe(chinese);
    // Not by a truncated extension (RFC 4647, section 3.4).
    expect(textsOf('zh-x-private', [ENGLISH, named('zh-x'), chinese])).toBe(chinese);
  });

  it('are found at once for a tag of any length', () => {
    const begin = process.cpuUsage();
    textsOf(`de${'-a'.repeat(500_000)}`, [ENGLISH, GERMAN]);
    expect(millisecondsOfWork(begin)).toBeLessThan(1000);
  });
});

describe('the language of a request', () => {
  const prefer = (header: string | string[] | undefined, available = [ENGLISH, GERMAN, BRAZILIAN]) =>
    preferredLocale({ headers: { 'accept-language': header } }, available);

  it.each<[string, string | undefined]>([
    ['de', 'de'],
    ['DE', 'de'],
    ['de-AT', 'de'],
    ['de-AT, en;q=0.9', 'de'],
    ['en, de', 'en'],
    ['de, en', 'de'],
    ['en;q=0.8, de;q=0.9', 'de'],
    ['en;q=0.9, de;q=0.8', 'en'],
    ['fr, de;q=0.5, en;q=0.4', 'de'],
    ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'en'],
    ['pt', 'pt-BR'],
    ['*', 'en'],
    ['*;q=0.5, de', 'de'],
    ['en;q=0, *', 'de'],
    ['de;q=0, en;q=0', undefined],
    ['fr', undefined],
    ['', undefined],
    [';;;,,,q=', undefined],
    ['de;q=abc', undefined],
    ['<script>alert(1)</script>', undefined],
    ['\u0000\u0001', undefined],
    ['__proto__, constructor', undefined],
  ])('of %p is %p', (header, expected) => {
    expect(prefer(header)).toBe(expected);
  });

  it('is read from a header that came several times', () => {
    expect(prefer(['fr', 'de'])).toBe('de');
  });

  it('is unknown without a header or a request', () => {
    expect(prefer(undefined)).toBeUndefined();
    expect(preferredLocale({}, [ENGLISH])).toBeUndefined();
    expect(preferredLocale(undefined, [ENGLISH])).toBeUndefined();
  });

  it.each([
    ['languages', `${'fr-FR;q=0.5,'.repeat(20_000)}de`],
    ['commas', ','.repeat(200_000)],
    ['hyphens', `d${'-'.repeat(200_000)}`],
    ['parameters', `de${';q=1'.repeat(50_000)}`],
    ['spaces', `de${' '.repeat(200_000)};q=1`],
  ])('is found at once in a header of many %s', (_, header) => {
    const begin = process.cpuUsage();
    prefer(header);
    expect(millisecondsOfWork(begin)).toBeLessThan(1000);
  });
});

describe('filling in', () => {
  it('puts each value where its name is, once', () => {
    expect(fillIn('{a} and {b} and {a}', { a: '{b}', b: '$& $1 \\' })).toBe('{b} and $& $1 \\ and {b}');
  });

  it('leaves out what has no value', () => {
    expect(fillIn('[{a}][{b}][{c}]', { a: undefined, b: '' })).toBe('[][][]');
  });

  it('leaves other braces as they are', () => {
    expect(fillIn('{ a } {} {a-b} {{a}}', { a: 'x' })).toBe('{ a } {} {a-b} {x}');
  });
});
