import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';
import type { TrustedDevice } from './trusted-device.entity.js';

const TABLE = 'trusted_device';

type Sealed = Pick<TrustedDevice, 'id' | 'userId' | 'tokenHash' | 'expiresAt'>;

/** Seals a trusted browser: its user, its token, and when it expires. */
export function sealTrustedDevice(keyRing: KeyRing, device: Sealed): string {
  return sealRow(keyRing, TABLE, fieldsOf(device));
}

/** Whether the trust was given by this module, and not written to the database by hand. */
export function isGenuineTrustedDevice(
  keyRing: KeyRing,
  device: Sealed & Pick<TrustedDevice, 'seal'>,
): boolean {
  return hasSeal(keyRing, TABLE, fieldsOf(device), device.seal);
}

function fieldsOf({ id, userId, tokenHash, expiresAt }: Sealed): SealedFields {
  return [id, userId, tokenHash, expiresAt.getTime()];
}
