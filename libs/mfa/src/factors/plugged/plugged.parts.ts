import { MfaFactorChallenge } from '../../engine/factors/factor-challenge.entity.js';
import type { FactorParts } from '../../engine/factors/factor-parts.js';
import { FactorRows } from '../../engine/factors/factor-rows.js';
import { operationOf } from '../../engine/factors/operation.js';
import { MfaFactorSetup } from '../../engine/factors/factor-setup.entity.js';
import { encryptedSetups } from '../../engine/keys/secret-table.js';
import { MfaFactorChallengeController } from './factor-challenge.controller.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';
import { FactorSetupFlow } from './factor-setup.flow.js';
import { MfaFactorsController } from './factors.controller.js';

/** The parts shared by all factors of the option `factors`. */
export const PLUGGED_FACTORS: FactorParts = {
  services: [FactorSetupFlow],
  internals: [FactorChallengeFlow],
  controllers: [
    ['/factors', MfaFactorsController],
    ['/authenticate', MfaFactorChallengeController],
  ],
  tables: [
    {
      entity: MfaFactorSetup,
      userId: 'userId',
      key: 'id',
      expiresAt: 'expiresAt',
      purgedAs: 'factorSetups',
      secrets: encryptedSetups(MfaFactorSetup),
    },
    {
      entity: MfaFactorChallenge,
      userId: 'userId',
      key: 'id',
      expiresAt: 'expiresAt',
      purgedAs: 'factorChallenges',
    },
  ],
  cleanup: FactorRows,
  operations: [
    operationOf('setup.begin', FactorSetupFlow, 'begin', 1),
    operationOf('setup.finish', FactorSetupFlow, 'activate', 1),
    operationOf('challenge', FactorChallengeFlow, 'challenge', 1),
  ],
};
