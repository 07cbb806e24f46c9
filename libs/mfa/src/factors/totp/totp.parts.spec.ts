import { describe, expect, it } from '@jest/globals';

import { TotpFactor } from './totp.factor.js';
import { TOTP } from './totp.parts.js';
import { TotpService } from './totp.service.js';
import { TotpSetup, TotpSetupStore } from './totp-setup-store.js';

// Clients, reports and dashboards depend on these names.
describe('what authenticator apps add to the module', () => {
  it('is their service alone, for applications', () => {
    expect(TOTP.services).toStrictEqual([TotpService]);
  });

  it('is what verifies their codes, and removes a set-up in a reset', () => {
    expect(TOTP).toMatchObject({ type: 'totp', factor: TotpFactor, cleanup: TotpSetupStore });
    expect(TOTP.internals).toStrictEqual([TotpFactor, TotpSetupStore]);
  });

  it('is their routes, below the module’s path', () => {
    expect(TOTP.controllers.map(([path, { name }]) => [path, name])).toStrictEqual([
      ['/totp', 'TotpController'],
    ]);
  });

  it('is a table of set-ups, which every change of the user claims, and whose secrets are encrypted', () => {
    expect(TOTP.tables).toStrictEqual([
      {
        entity: TotpSetup,
        userId: 'userId',
        expiresAt: 'expiresAt',
        purgedAs: 'totpSetups',
        isClaimed: true,
        secrets: expect.objectContaining({ entity: TotpSetup, type: 'totp', encrypted: ['data'] }),
      },
    ]);
  });

  it('is as many of them as the option says', () => {
    expect(TOTP.maxPerUser?.({ totp: { maxPerUser: 3 } } as never)).toBe(3);
  });

  it('is counted, and measured by what a user waits for', () => {
    expect(TOTP.countedAs).toBe('authenticatorApps');
    expect(TOTP.operations).toStrictEqual([
      { operation: 'setup.begin', of: TotpService, method: 'begin' },
      { operation: 'setup.finish', of: TotpService, method: 'activate' },
    ]);
  });
});
