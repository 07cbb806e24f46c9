import { expect, it } from '@jest/globals';

import { isTransport } from './session-transport.js';

const whole = { read: () => null, write: () => undefined, clear: () => undefined };

it.each([
  [whole, true],
  [Object.create(whole) as object, true],
  [{ ...whole, read: undefined }, false],
  [{ ...whole, write: 'cookie' }, false],
  [{ read: whole.read, write: whole.write }, false],
  [Object.assign(() => null, whole), false],
  [null, false],
  [undefined, false],
  ['cookie', false],
])('%o has all that a transport needs: %p', (given, has) => {
  expect(isTransport(given)).toBe(has);
});
