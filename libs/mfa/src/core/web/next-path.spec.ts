import { describe, expect, it } from '@jest/globals';

import { refererPath, safeNext } from './next-path.js';

describe('where a page leads on to', () => {
  it.each([
    ['/', '/'],
    ['/reports', '/reports'],
    ['/reports?month=5&x=%2F#top', '/reports?month=5&x=%2F#top'],
    ['/a/../b', '/b'],
    ['/über', '/%C3%BCber'],
    ['/a b', '/a%20b'],
    [`/${'a'.repeat(2047)}`, `/${'a'.repeat(2047)}`],
    ['/redirect?to=https://elsewhere.example', '/redirect?to=https://elsewhere.example'],
  ])('takes %s', (next, expected) => {
    expect(safeNext(next)).toBe(expected);
  });

  it.each([
    ['another host', 'https://evil.example/'],
    ['another host without a scheme', '//evil.example'],
    ['a backslash that browsers read as a slash', '/\\evil.example'],
    ['two of them', '\\\\evil.example'],
    ['a scheme', 'javascript:alert(1)'],
    ['a path that begins with the scheme', 'https:evil.example'],
    ['a tab that browsers leave out', '/\t/evil.example'],
    ['a line break', '/a\r\nSet-Cookie: x=y'],
    ['a space before it', ' //evil.example'],
    ['dot segments that leave two slashes', '/.//evil.example'],
    ['dot segments, escaped', '/%2e//evil.example'],
    ['a relative path', 'reports'],
    ['one with a slash in it', 'reports/2026'],
    ['nothing', ''],
    ['too much', `/${'a'.repeat(2048)}`],
    ['no text', undefined],
    ['a list', ['/reports']],
    ['an object', { toString: () => '/reports' }],
  ])('refuses %s', (_, next) => {
    expect(safeNext(next)).toBeNull();
  });

  it('takes the page that a form was sent from, when it is one of the same host', () => {
    expect(refererPath('https://app.example.com/reports?x=1', 'app.example.com')).toBe('/reports?x=1');
    expect(refererPath('https://evil.example/reports', 'app.example.com')).toBeNull();
    expect(refererPath('https://app.example.com//evil.example', 'app.example.com')).toBeNull();
    expect(refererPath('nonsense', 'app.example.com')).toBeNull();
    expect(refererPath(undefined, 'app.example.com')).toBeNull();
    for (const host of ['app.example.com', 'undefined']) {
      expect(refererPath(`https://${host}/reports`, undefined)).toBeNull();
    }
  });
});
