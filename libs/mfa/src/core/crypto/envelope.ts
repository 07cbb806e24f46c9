import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { KeyRing } from './key-ring.js';
import { lengthPrefixed } from './key-ring.js';

/**
 * Whose data an envelope holds. The context is authenticated along with the data, so a row copied to another owner doesn't
 * open.
 */
export interface MfaEncryptionContext {
  /** What the text is: `totp`, `totp-setup`, …; or `key` for one of the module's own keys in the table `mfa_key`. */
  purpose: string;
  /** Empty for a key. */
  userId: string;
  /** The authenticator or setup that the text belongs to, or the id of the key. */
  recordId: string;
}

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * An envelope that can't be opened: forged, moved to another owner, or under a secret that is gone. An adapter's own `decrypt`
 * should throw it too if a text is lost for good; any other error means that its key service is unavailable.
 */
export class MfaEnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
}

/** The prefix of all envelopes under the key with that id. */
export function envelopePrefix(keyId: string): string {
  return `${VERSION}.${keyId}.`;
}

/** Whether the text is an envelope of this module. */
export function isEnvelope(data: string): boolean {
  return data.startsWith(`${VERSION}.`);
}

function associatedData(keyId: string, context?: MfaEncryptionContext): Buffer {
  return lengthPrefixed(
    VERSION,
    keyId,
    context?.purpose ?? '',
    context?.userId ?? '',
    context?.recordId ?? '',
  );
}

/**
 * Encrypts under the ring's current key: `v1.<keyId>.<iv>.<ciphertext>.<tag>`, parts in base64url. AES-256-GCM with a
 * random 96-bit IV and a 128-bit tag (NIST SP 800-38D).
 */
export function seal(ring: KeyRing, text: string, context?: MfaEncryptionContext): string {
  const { id, key } = ring.current('encryption');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(id, context));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'));
  return [VERSION, id, ...parts].join('.');
}

/** Opens an envelope made by {@link seal}. Throws {@link MfaEnvelopeError}, whose message never contains the content. */
export function open(ring: KeyRing, envelope: string, context?: MfaEncryptionContext): string {
  const [version, keyId, iv, ciphertext, tag, ...rest] = envelope.split('.');
  if (version !== VERSION || !keyId || !iv || ciphertext === undefined || !tag || rest.length > 0) {
    throw new MfaEnvelopeError('This is not an envelope of version v1');
  }
  const key = ring.byId(keyId, 'encryption');
  if (!key) {
    throw new MfaEnvelopeError(
      `No secret of key id ${keyId} is configured: keep the old secret in the list \`secret\` until its rows have been rotated`,
    );
  }
  try {
    // Without an explicit authTagLength Node 20 accepts a tag of 4 bytes.
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(keyId, context));
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  } catch {
    throw new MfaEnvelopeError('The envelope was changed or belongs to another record');
  }
}
