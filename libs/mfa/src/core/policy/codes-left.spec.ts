import { expect, it } from '@jest/globals';

import { areFewCodesLeft } from './codes-left.js';

it.each([
  [0, true],
  [3, true],
  [4, false],
])('%i recovery codes are few: %p', (remaining, few) => {
  expect(areFewCodesLeft(remaining)).toBe(few);
});
