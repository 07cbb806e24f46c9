import { RECOVERY_CODES_TRAITS } from '../../../factors/recovery-codes/traits/recovery-codes.traits.js';
import type { BackupPart } from '../../frame/factor-part.js';
import { Checkbox } from '../parts/checkbox.js';
import { CodeField } from '../parts/field.js';

export const RECOVERY_CODES_PART: BackupPart = {
  type: RECOVERY_CODES_TRAITS.type,
  useText: 'authenticateUseRecovery',
  Fields: ({ page: { texts }, error }) => (
    <>
      <CodeField
        label={texts.authenticateRecoveryLabel}
        hint={texts.authenticateRecoveryHint}
        error={error}
        inputMode="text"
        autoComplete="off"
        autoFocus
      />
      <Checkbox id="newCodes" name="newCodes" label={texts.authenticateNewCodes} />
    </>
  ),
};
