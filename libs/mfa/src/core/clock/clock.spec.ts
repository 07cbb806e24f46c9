import { expect, it } from '@jest/globals';

import { MFA_CLOCK, hasHappened, isWithin, systemClock } from './clock.js';

const NOW = 1_800_000_000_000;

it.each([
  [0, true],
  [300_000, true],
  [300_001, false],
  // Slightly ahead, as another instance's clock may be.
  [-2000, true],
  [-2001, false],
])('what happened %i ms ago is within five minutes: %p', (age, is) => {
  expect(isWithin(NOW - age, 300, NOW)).toBe(is);
});

it.each([
  [300_001, true],
  [0, true],
  [-2000, true],
  [-2001, false],
])('what is recorded %i ms ago has happened: %p', (age, is) => {
  expect(hasHappened(NOW - age, NOW)).toBe(is);
});

it('tells the time of the system, under a token that all copies of the module share', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
  expect(MFA_CLOCK).toBe(Symbol.for('nestjs-mfa:CLOCK'));
});
