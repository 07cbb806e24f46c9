import { BackupCodes } from '../../engine/changes/backup-codes.js';
import type { FactorParts } from '../../engine/factors/factor-parts.js';
import { RECOVERY_CODES_TRAITS } from './traits/recovery-codes.traits.js';
import { RecoveryCodeFactor } from './recovery-code.factor.js';
import { RecoveryCodeKeys } from './recovery-code-keys.js';
import { RecoveryCodeSet } from './recovery-code-set.js';
import { RecoveryCodeStore } from './recovery-code-store.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { RecoveryCodesController } from './recovery-codes.controller.js';
import { RecoveryCodesService } from './recovery-codes.service.js';

/** Recovery codes: printable single-use codes (look-up secrets: NIST SP 800-63B-4, section 3.1.2). */
export const RECOVERY_CODES: FactorParts = {
  type: RECOVERY_CODES_TRAITS.type,
  services: [RecoveryCodesService],
  internals: [
    RecoveryCodeFactor,
    RecoveryCodeSet,
    { provide: BackupCodes, useExisting: RecoveryCodeSet },
    RecoveryCodeStore,
    RecoveryCodeKeys,
  ],
  controllers: [['/recovery-codes', RecoveryCodesController]],
  tables: [{ entity: RecoveryCode, userId: 'userId' }],
  countedAs: 'recoveryCodeSets',
  factor: RecoveryCodeFactor,
};
