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

/** Computes the seal of a credential record: over everything fixed at registration, and nothing that changes with use. */
export function sealCredential(keyRing: KeyRing, record: Sealed): string {
  return sealRow(keyRing, TABLE, fieldsOf(record));
}

/** Whether the record is unchanged since registration: not created or assigned to another user by somebody who only has the database. */
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
    // Keys from before this field existed are sealed without it.
    ...(record.attested === null ? [] : [record.attested]),
    ...(record.attestationKeys ?? []),
  ];
}
