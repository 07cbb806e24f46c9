import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Write } from '../../storage/mfa-storage.js';

/** Codes that stand in for a lost second factor. They are created with the first second factor and removed with the last. */
export abstract class BackupCodes {
  /** Whether users get a set with their first second factor. */
  abstract areGiven(): Promise<boolean>;

  /** Generates a new set that replaces any previous one. The codes are shown this once. */
  abstract planReplacement(user: MfaUser): Promise<{ codes: string[]; writes: Write[] }>;

  abstract planRemoval(userId: string): Write[];
}
