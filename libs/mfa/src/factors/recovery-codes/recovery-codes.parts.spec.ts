import { describe, expect, it } from '@jest/globals';

import { BackupCodes } from '../../engine/changes/backup-codes.js';
import { RecoveryCodeKeys } from './recovery-code-keys.js';
import { RecoveryCodeSet } from './recovery-code-set.js';
import { RecoveryCodeStore } from './recovery-code-store.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { RecoveryCodeFactor } from './recovery-code.factor.js';
import { RECOVERY_CODES } from './recovery-codes.parts.js';
import { RecoveryCodesService } from './recovery-codes.service.js';

// Clients, reports and dashboards depend on these names.
describe('what recovery codes add to the module', () => {
  it('is their service alone, for applications', () => {
    expect(RECOVERY_CODES.services).toStrictEqual([RecoveryCodesService]);
  });

  it('is what verifies them, and what gives them to a user whose first factor is set up', () => {
    expect(RECOVERY_CODES).toMatchObject({ type: 'recovery_codes', factor: RecoveryCodeFactor });
    expect(new Set(RECOVERY_CODES.internals)).toStrictEqual(
      new Set([
        RecoveryCodeFactor,
        RecoveryCodeSet,
        RecoveryCodeStore,
        RecoveryCodeKeys,
        { provide: BackupCodes, useExisting: RecoveryCodeSet },
      ]),
    );
  });

  it('is their routes, below the module’s path', () => {
    expect(RECOVERY_CODES.controllers.map(([path, { name }]) => [path, name])).toStrictEqual([
      ['/recovery-codes', 'RecoveryCodesController'],
    ]);
  });

  it('is a table of them, by user', () => {
    expect(RECOVERY_CODES.tables).toStrictEqual([{ entity: RecoveryCode, userId: 'userId' }]);
  });

  it('is counted by sets', () => {
    expect(RECOVERY_CODES.countedAs).toBe('recoveryCodeSets');
  });
});
