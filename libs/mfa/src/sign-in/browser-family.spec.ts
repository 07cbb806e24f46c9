import { describe, expect, it } from '@jest/globals';

import { isSameBrowser } from './browser-family.js';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.1.2 Safari/537.36';

describe('a browser', () => {
  it.each([
    ['an update', CHROME, CHROME.replace('150.0.1.2', '151.0.3.14')],
    [
      'a system whose version is written with underscores',
      'Safari (iPhone OS 18_5)',
      'Safari (iPhone OS 26_0_1)',
    ],
    ['a version that is shown no longer', 'Firefox/150.0', 'Firefox/'],
    ['no user agent, and an empty one', null, ''],
  ])('is the same after %s', (_, known, presented) => {
    expect(isSameBrowser(known, presented)).toBe(true);
    expect(isSameBrowser(presented, known)).toBe(true);
  });

  it.each([
    ['another browser', CHROME, CHROME.replace('Chrome', 'Firefox')],
    ['another system', CHROME, CHROME.replace('Linux', 'Windows')],
    ['no user agent', CHROME, null],
  ])('is not the same with %s', (_, known, presented) => {
    expect(isSameBrowser(known, presented)).toBe(false);
    expect(isSameBrowser(presented, known)).toBe(false);
  });
});
