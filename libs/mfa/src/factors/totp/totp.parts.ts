import type { FactorParts } from '../../engine/factors/factor-parts.js';
import { operationOf } from '../../engine/factors/operation.js';
import { encryptedSetups } from '../../engine/keys/secret-table.js';
import { TOTP_TRAITS } from './traits/totp.traits.js';
import { TotpFactor } from './totp.factor.js';
import { TotpSetup, TotpSetupStore } from './totp-setup-store.js';
import { TotpController } from './totp.controller.js';
import { TotpService } from './totp.service.js';

/** Authenticator apps (RFC 6238). */
export const TOTP: FactorParts = {
  type: TOTP_TRAITS.type,
  services: [TotpService],
  internals: [TotpFactor, TotpSetupStore],
  controllers: [['/totp', TotpController]],
  tables: [
    {
      entity: TotpSetup,
      userId: 'userId',
      expiresAt: 'expiresAt',
      purgedAs: 'totpSetups',
      isClaimed: true,
      secrets: encryptedSetups(TotpSetup, TOTP_TRAITS.type),
    },
  ],
  countedAs: 'authenticatorApps',
  maxPerUser: ({ totp }) => totp.maxPerUser,
  factor: TotpFactor,
  operations: [
    operationOf('setup.begin', TotpService, 'begin'),
    operationOf('setup.finish', TotpService, 'activate'),
  ],
  cleanup: TotpSetupStore,
};
