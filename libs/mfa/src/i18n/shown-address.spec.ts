import { describe, expect, it } from '@jest/globals';

import { shownAddress } from './shown-address.js';

describe('shownAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '::ffff:c000:201'],
    ['::ffff:999.0.2.1', null],
    ['::ffff:1.2.3', null],
    ['the bank', null],
    ['', null],
    [null, null],
  ])('%s is shown as %s', (ip, shown) => {
    expect(shownAddress(ip)).toBe(shown);
  });
});
