import { beforeAll, describe, expect, it } from '@jest/globals';
import { webcrypto } from 'node:crypto';

import { issue, pemOf } from '../../../../../../test/support/attestation.js';
import { TestClock } from '../../../../../../test/support/clock.js';
import type { Publisher } from '../../../../../../test/support/metadata.js';
import { blobOf, makePublisher } from '../../../../../../test/support/metadata.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import { verifyBlob } from './metadata-blob.js';

const NOW = new TestClock().now();
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

let publisher: Publisher;
beforeAll(async () => {
  publisher = await makePublisher();
});

let withRsa: Promise<Publisher> | undefined;
/** The same publisher, who signs with RSA. Only some tests need it, and its key takes long to make. */
const rsaPublisher = () =>
  (withRsa ??= issue({ subject: 'CN=RSA', issuer: publisher.root, ca: false, rsa: true }).then((signer) => ({
    ...publisher,
    signer,
  })));

const verified = (text: string) =>
  verifyBlob(text, { roots: [readCertificate(pemOf(publisher.root))!] }, NOW);

/** Signed with a key of this kind, which the publisher's root has certified. */
const signedWith = async (algorithm: object, alg: string) => {
  const keys = await webcrypto.subtle.generateKey(algorithm as EcKeyGenParams, true, ['sign', 'verify']);
  const signer = await issue({ subject: 'CN=Signer', issuer: publisher.root, ca: false, keys });
  return blobOf({ root: publisher.root, signer }, {}, { alg });
};

// Apart from the other tests of BLOBs, since RSA keys take long to make.
describe('the signature of a BLOB', () => {
  it.each([
    ['ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['ES512', { name: 'ECDSA', namedCurve: 'P-521' }],
    ['EdDSA', { name: 'Ed25519' }],
  ])('by %s holds', async (alg, algorithm) => {
    expect(verified(await signedWith(algorithm, alg)).no).toBe(7);
    await expect(signedWith({ name: 'ECDSA', namedCurve: 'P-256' }, alg).then(verified)).rejects.toThrow(
      'its signature is invalid',
    );
  });

  it.each(RSA_ALGORITHMS)('by %s holds, and not as one by another algorithm', async (alg) => {
    const who = await rsaPublisher();
    const text = blobOf(who, {}, { alg });
    expect(verified(text).no).toBe(7);
    const [head, body] = text.split('.');
    for (const other of RSA_ALGORITHMS.filter((one) => one !== alg)) {
      const [, , signature] = blobOf(who, {}, { alg: other }).split('.');
      expect(() => verified(`${head}.${body}.${signature}`)).toThrow('its signature is invalid');
    }
  });

  it('needs 2048 bits of an RSA key', async () => {
    const rsa = (modulusLength: number) => ({
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength,
      publicExponent: new Uint8Array([1, 0, 1]),
    });
    expect(verified(await signedWith(rsa(2048), 'RS256')).no).toBe(7);
    await expect(signedWith(rsa(2040), 'RS256').then(verified)).rejects.toThrow('signature is invalid');
  });

  it('by RSA holds for no EdDSA', async () => {
    const text = blobOf(await rsaPublisher(), {}, { alg: 'EdDSA' });
    expect(() => verified(text)).toThrow('its signature is invalid');
  });
});
