import { createCipheriv, createDecipheriv } from 'node:crypto';

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
/** The first four words of ChaCha's state (RFC 8439, section 2.3). */
const CONSTANTS = Buffer.from('expand 32-byte k', 'latin1');

/**
 * Opens XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): the nonce of 24 bytes, the encrypted text, the tag. Node has
 * ChaCha20-Poly1305; what is missing is the derivation of its key and nonce.
 *
 * @throws {Error} when it was not sealed with this key
 */
export function openXChaCha20Poly1305(key: Uint8Array, sealed: Uint8Array, aad?: Uint8Array): Buffer {
  const text = Buffer.from(sealed);
  if (text.length < NONCE_BYTES + TAG_BYTES) throw new Error('Too short to be sealed');
  const nonce = Buffer.concat([Buffer.alloc(4), text.subarray(16, NONCE_BYTES)]);
  const decipher = createDecipheriv('chacha20-poly1305', hChaCha20(key, text.subarray(0, 16)), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(text.subarray(-TAG_BYTES));
  const encrypted = text.subarray(NONCE_BYTES, -TAG_BYTES);
  if (aad) decipher.setAAD(aad, { plaintextLength: encrypted.length });
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}

/**
 * HChaCha20 (section 2.2). A block of ChaCha20 is the mixed state plus the state before; subtracting the words that are known
 * of the latter leaves the mixed ones, of which HChaCha20 is the first and the last four.
 */
export function hChaCha20(key: Uint8Array, nonce: Uint8Array): Buffer {
  const before = Buffer.from(nonce);
  const block = createCipheriv('chacha20', key, before).update(Buffer.alloc(64));
  const derived = Buffer.alloc(32);
  for (let at = 0; at < 16; at += 4) {
    derived.writeUInt32LE((block.readUInt32LE(at) - CONSTANTS.readUInt32LE(at)) >>> 0, at);
    derived.writeUInt32LE((block.readUInt32LE(48 + at) - before.readUInt32LE(at)) >>> 0, 16 + at);
  }
  return derived;
}
