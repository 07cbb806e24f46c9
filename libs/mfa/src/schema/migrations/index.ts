import { AddAssurance1795700000000 } from './add-assurance.js';
import { AddAttestationKeys1795726800000 } from './add-attestation-keys.js';
import { AddClaimsAndSeals1795651200000 } from './add-claims-and-seals.js';
import { AddFactors1795668000000 } from './add-factors.js';
import { AddKeyRetirement1795721600000 } from './add-key-retirement.js';
import { AddSessionActivity1795687200000 } from './add-session-activity.js';
import { AddSuspension1795730400000 } from './add-suspension.js';
import { CreateMfaTables1795478400000 } from './create-mfa-tables.js';
import { DropLeases1795671600000 } from './drop-leases.js';

/** The migrations of this module, for a DataSource: `migrations: [...mfaMigrations, …]`. */
export const mfaMigrations = [
  CreateMfaTables1795478400000,
  AddClaimsAndSeals1795651200000,
  AddFactors1795668000000,
  DropLeases1795671600000,
  AddSessionActivity1795687200000,
  AddAssurance1795700000000,
  AddKeyRetirement1795721600000,
  AddAttestationKeys1795726800000,
  AddSuspension1795730400000,
];
