import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';
import type { TrustedDevice } from './trusted-device.entity.js';

const TABLE = 'trusted_device';

type Sealed = Pick<TrustedDevice, 'id' | 'userId' | 'tokenHash' | 'expiresAt'>;

/** The seal of a trusted browser: whose it is, which token shows it, and until when. */
export function sealTrustedDevice(keyRing: KeyRing, device: Sealed): string {
  return sealRow(keyRing, TABLE, fieldsOf(device));
}

/** Whether the trust was given here, and not written into the database by hand. */
export function isGenuineTrustedDevice(
  keyRing: KeyRing,
  device: Sealed & Pick<TrustedDevice, 'seal'>,
): boolean {
  return hasSeal(keyRing, TABLE, fieldsOf(device), device.seal);
}

function fieldsOf({ id, userId, tokenHash, expiresAt }: Sealed): SealedFields {
  return [id, userId, tokenHash, expiresAt.getTime()];
}
