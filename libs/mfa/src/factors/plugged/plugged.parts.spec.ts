import { describe, expect, it } from '@jest/globals';

import { MfaFactorChallenge } from '../../engine/factors/factor-challenge.entity.js';
import { FactorRows } from '../../engine/factors/factor-rows.js';
import { MfaFactorSetup } from '../../engine/factors/factor-setup.entity.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';
import { FactorSetupFlow } from './factor-setup.flow.js';
import { PLUGGED_FACTORS } from './plugged.parts.js';

// Clients, reports and dashboards depend on these names.
describe('what further factors share', () => {
  it('is how they are set up, for applications, and how they are challenged', () => {
    expect(PLUGGED_FACTORS.services).toStrictEqual([FactorSetupFlow]);
    expect(PLUGGED_FACTORS.internals).toStrictEqual([FactorChallengeFlow]);
  });

  it('is their routes, below the module’s path', () => {
    expect(PLUGGED_FACTORS.controllers.map(([path, { name }]) => [path, name])).toStrictEqual([
      ['/factors', 'MfaFactorsController'],
      ['/authenticate', 'MfaFactorChallengeController'],
    ]);
  });

  it('is a table of set-ups, whose secrets are encrypted, and one of challenges', () => {
    const columns = { userId: 'userId', key: 'id', expiresAt: 'expiresAt' };
    expect(PLUGGED_FACTORS.tables).toStrictEqual([
      {
        entity: MfaFactorSetup,
        ...columns,
        purgedAs: 'factorSetups',
        secrets: expect.objectContaining({ entity: MfaFactorSetup, encrypted: ['data'] }),
      },
      { entity: MfaFactorChallenge, ...columns, purgedAs: 'factorChallenges' },
    ]);
    expect(PLUGGED_FACTORS.cleanup).toBe(FactorRows);
  });

  it('is measured by what a user waits for, under the type among the arguments', () => {
    expect(PLUGGED_FACTORS.operations).toStrictEqual([
      { operation: 'setup.begin', of: FactorSetupFlow, method: 'begin', typeAt: 1 },
      { operation: 'setup.finish', of: FactorSetupFlow, method: 'activate', typeAt: 1 },
      { operation: 'challenge', of: FactorChallengeFlow, method: 'challenge', typeAt: 1 },
    ]);
  });
});
