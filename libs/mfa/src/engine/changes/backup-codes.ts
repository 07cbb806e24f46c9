import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Write } from '../../storage/mfa-storage.js';

/** Codes that stand in for a lost second factor: made together with the first one, and gone with the last one. */
export abstract class BackupCodes {
  /** Whether a user whose first second factor is added gets a set. */
  abstract areGiven(): Promise<boolean>;

  /** A new set in place of any former one; the codes are shown this once. */
  abstract planReplacement(user: MfaUser): Promise<{ codes: string[]; writes: Write[] }>;

  abstract planRemoval(userId: string): Write[];
}
