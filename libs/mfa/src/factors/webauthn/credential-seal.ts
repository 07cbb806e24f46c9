import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const TABLE = 'webauthn_credential';

type Sealed = Omit<
  WebAuthnCredential,
  | 'authenticator'
  | 'credentialIdHash'
  | 'transports'
  | 'signCount'
  | 'backedUp'
  | 'uvInitialized'
  | 'modelRejectedAt'
  | 'seal'
>;

/** The seal of a credential record: over all that registration writes for good, and nothing that a use changes. */
export function sealCredential(keyRing: KeyRing, record: Sealed): string {
  return sealRow(keyRing, TABLE, fieldsOf(record));
}

/** Whether the record is as it was registered: not made, nor given to another user, by a hand that only has the database. */
export function isGenuineCredential(
  keyRing: KeyRing,
  record: Sealed & Pick<WebAuthnCredential, 'seal'>,
): boolean {
  return hasSeal(keyRing, TABLE, fieldsOf(record), record.seal);
}

function fieldsOf(record: Sealed): SealedFields {
  return [
    record.authenticatorId,
    record.userId,
    record.credentialId,
    record.publicKey,
    record.userHandle,
    record.rpId,
    record.aaguid,
    record.format,
    record.backupEligible,
    record.discoverable,
    record.passwordless,
    // Of keys that are older than the question the seal says nothing of it.
    ...(record.attested === null ? [] : [record.attested]),
    ...(record.attestationKeys ?? []),
  ];
}
