/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';
import { ATTACKS } from 'nestjs-mfa/attacks';

import { attack, expectHeld } from './targets/attack.js';
import { startEveryFactor } from './targets/every-factor.js';

describe('attacks', () => {
  it('all find nothing in the library with every factor', async () => {
    const report = await attack(startEveryFactor());
    expectHeld(report);
    expect(report.counts.held).toBe(ATTACKS.filter((one) => 'run' in one).length);
    const cookies = report.results.find(({ id }) => id === 'readable-cookie')?.evidence.join();
    for (const name of ['mfa_session', 'mfa_trusted', 'mfa_known'])
      expect(cookies).toContain(`the cookie __Host-${name}`);
  }, 180_000);
});
