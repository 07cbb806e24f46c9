import { MfaFactorChallenge } from '../../engine/factors/factor-challenge.entity.js';
import type { FactorParts } from '../../engine/factors/factor-parts.js';
import { FactorRows } from '../../engine/factors/factor-rows.js';
import { MfaFactorSetup } from '../../engine/factors/factor-setup.entity.js';
import { encryptedSetups } from '../../engine/keys/secret-table.js';
import { MfaFactorChallengeController } from './factor-challenge.controller.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';
import { FactorSetupFlow } from './factor-setup.flow.js';
import { MfaFactorsController } from './factors.controller.js';

/** What all factors of the option `factors` share. */
export const PLUGGED_FACTORS: FactorParts = {
  services: [FactorSetupFlow],
  internals: [FactorChallengeFlow],
  controllers: [
    ['/factors', MfaFactorsController],
    ['/authenticate', MfaFactorChallengeController],
  ],
  entities: [MfaFactorSetup, MfaFactorChallenge],
  owned: { claimed: [], others: [MfaFactorSetup, MfaFactorChallenge] },
  expiring: [
    { name: 'factorSetups', entity: MfaFactorSetup, key: 'id', keptMs: 0 },
    { name: 'factorChallenges', entity: MfaFactorChallenge, key: 'id', keptMs: 0 },
  ],
  secretTables: [encryptedSetups(MfaFactorSetup)],
  cleanup: FactorRows,
};
