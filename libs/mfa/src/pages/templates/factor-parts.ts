import type { MfaType } from '../../core/policy/methods.js';
import type { BackupPart, FactorPart } from '../frame/factor-part.js';
import { pluggedPart } from './factors/part.js';
import { RECOVERY_CODES_PART } from './recovery-codes/part.js';
import { TOTP_PART } from './totp/part.js';
import { WEBAUTHN_PART } from './webauthn/part.js';

/** The factors with their own pages; those of the option `factors` share theirs. */
const PARTS: readonly FactorPart[] = [TOTP_PART, WEBAUTHN_PART];

const BACKUP_PARTS: readonly BackupPart[] = [RECOVERY_CODES_PART];

export function partOf(type: MfaType): FactorPart {
  return PARTS.find((part) => part.type === type) ?? pluggedPart(type);
}

/** The part of a factor that has a section of its own because it replaces lost ones; undefined for all others. */
export function backupPartOf(type: string | null): BackupPart | undefined {
  return BACKUP_PARTS.find((part) => part.type === type);
}
