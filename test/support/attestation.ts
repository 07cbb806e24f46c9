import 'reflect-metadata';

import { KeyObject, createHash, createPublicKey, sign, webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

import type { Attest, Attestable, Tampering } from './authenticator.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const AAGUID_EXTENSION = '1.3.6.1.4.1.45724.1.1.4';
const KEY_DESCRIPTION_EXTENSION = '1.3.6.1.4.1.11129.2.1.17';
const APPLE_NONCE_EXTENSION = '1.2.840.113635.100.8.2';
const ALTERNATIVE_NAME_EXTENSION = '2.5.29.17';
const TPM_KEY_USAGE = '2.23.133.8.3';
const YEAR = 31_536_000_000;
/** The initial time of the tests' clock. */
const NOW = 1_800_000_000_000;

x509.cryptoProvider.set(webcrypto as Crypto);

/** A certificate with its key. */
export interface Identity {
  certificate: x509.X509Certificate;
  keys: CryptoKeyPair;
}

interface Wishes {
  subject?: string;
  /** Self-signed without one. */
  issuer?: Identity;
  ca?: boolean;
  pathLength?: number;
  notBefore?: Date;
  notAfter?: Date;
  extensions?: x509.Extension[];
  keys?: CryptoKeyPair;
  /** Whether the key is RSA instead of P-256. */
  rsa?: boolean;
}

let serial = 0;

/** Issues a certificate as requested. */
export async function issue({
  subject = 'CN=Nobody',
  issuer,
  ca,
  pathLength,
  notBefore = new Date(NOW - 5 * YEAR),
  notAfter = new Date(NOW + 20 * YEAR),
  extensions = [],
  keys: given,
  rsa = false,
}: Wishes): Promise<Identity> {
  const keys = given ?? (await webcrypto.subtle.generateKey(rsa ? RSA : ALGORITHM, true, ['sign', 'verify']));
  const signer = (issuer ?? { keys }).keys;
  serial += 1;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16).padStart(4, '0'),
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore,
    notAfter,
    signingAlgorithm: signer.privateKey.algorithm.name === RSA.name ? RSA : ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    extensions: [
      ...(ca === undefined ? [] : [new x509.BasicConstraintsExtension(ca, pathLength, true)]),
      ...extensions,
    ],
  });
  return { certificate, keys };
}

export const makeRoot = (wishes: Wishes = {}): Promise<Identity> =>
  issue({ subject: 'C=SE, O=Vendor, CN=Vendor Root', ca: true, ...wishes });

/** Creates an attestation certificate for a model of security keys (WebAuthn Level 3, section 8.2.1). */
export function makeLeaf(issuer: Identity, aaguid: string | null, wishes: Wishes = {}): Promise<Identity> {
  return issue({
    subject: 'C=SE, O=Vendor, OU=Authenticator Attestation, CN=Vendor Key 5',
    issuer,
    ca: false,
    ...wishes,
    extensions: [...(aaguid === null ? [] : [aaguidExtension(aaguid)]), ...(wishes.extensions ?? [])],
  });
}

export function aaguidExtension(aaguid: string, critical = false): x509.Extension {
  const bytes = Buffer.from(aaguid.replaceAll('-', ''), 'hex');
  return new x509.Extension(
    AAGUID_EXTENSION,
    critical,
    Buffer.concat([Buffer.from([4, bytes.length]), bytes]),
  );
}

/**
 * Creates an authority that appears, by name and key, to have issued the certificate. For certificates that are
 * self-signed.
 */
export async function authorityOf(der: Uint8Array): Promise<Identity> {
  const { issuer: subject, publicKey } = new x509.X509Certificate(Uint8Array.from(der));
  const issuer = await makeRoot();
  const { privateKey } = issuer.keys;
  // Its private key is unknown and not needed: nobody checks who vouches for a trust anchor.
  return issue({
    subject,
    issuer,
    ca: true,
    keys: { publicKey: await publicKey.export(ALGORITHM, ['verify']), privateKey },
  });
}

export const pemOf = ({ certificate }: Identity): string => certificate.toString('pem');
export const privateKeyOf = ({ keys }: Identity): KeyObject => KeyObject.from(keys.privateKey);
export const derOf = ({ certificate }: Identity): Buffer => Buffer.from(certificate.rawData);

/** A packed attestation signed by the first certificate, including the whole chain. */
export function packedBy(leaf: Identity, ...chain: Identity[]): Attest {
  return ({ authData, clientDataHash }) => ({
    format: 'packed',
    statement: {
      alg: -7,
      sig: sign('sha256', Buffer.concat([authData, clientDataHash]), privateKeyOf(leaf)),
      x5c: [leaf, ...chain].map(derOf),
    },
  });
}

/** A packed self-attestation by the new credential, which anyone can make. */
export const packedBySelf: Attest = ({ authData, clientDataHash, key }) => ({
  format: 'packed',
  statement: { alg: -7, sig: sign('sha256', Buffer.concat([authData, clientDataHash]), key) },
});

/** An attestation as made by U2F keys (section 8.6). */
export function u2fBy(leaf: Identity, ...chain: Identity[]): Attest {
  return ({ authData, clientDataHash }) => {
    const idLength = authData.readUInt16BE(53);
    const credentialId = authData.subarray(55, 55 + idLength);
    const { x, y } = pointOf(authData);
    const signed = Buffer.concat([
      Buffer.from([0]),
      authData.subarray(0, 32),
      clientDataHash,
      credentialId,
      Buffer.from([4]),
      x,
      y,
    ]);
    return {
      format: 'fido-u2f',
      statement: {
        sig: sign('sha256', signed, privateKeyOf(leaf)),
        x5c: [leaf, ...chain].map(derOf),
      },
    };
  };
}

/**
 * An attestation as made by Android's key store (section 8.4), under a root of its own. The certificate has the URL of
 * revocation lists. It contains the data to be signed, so the ceremony is first run once to learn it.
 */
export async function androidKeyBy(
  root: Identity,
  crlUrl: string,
  create: (tampering: Tampering) => unknown,
): Promise<Attest> {
  const { clientDataHash, key } = learn(create);
  const publicKey = await publicKeyOf(key);
  const description = der(
    0x30,
    Buffer.from('020103', 'hex'),
    Buffer.from('0a0101', 'hex'),
    Buffer.from('020104', 'hex'),
    Buffer.from('0a0101', 'hex'),
    der(0x04, clientDataHash),
    der(0x04),
    der(0x30),
    der(0x30),
  );
  const leaf = await issue({
    subject: 'CN=Android Keystore Key',
    issuer: root,
    keys: { ...root.keys, publicKey },
    extensions: [
      new x509.Extension(KEY_DESCRIPTION_EXTENSION, false, description),
      new x509.CRLDistributionPointsExtension([crlUrl]),
    ],
  });
  return ({ authData }) => ({
    format: 'android-key',
    statement: {
      alg: -7,
      sig: sign('sha256', Buffer.concat([authData, clientDataHash]), key),
      x5c: [leaf, root].map(derOf),
    },
  });
}

/**
 * An attestation as made by Apple's devices (section 8.8), by an authority below their root. Like Android's, the
 * certificate contains the data to be signed.
 */
export async function appleBy(
  authority: Identity,
  create: (tampering: Tampering) => unknown,
): Promise<Attest> {
  const { authData, clientDataHash, key } = learn(create);
  const nonce = sha256(authData, clientDataHash);
  const leaf = await issue({
    subject: 'CN=Apple Credential',
    issuer: authority,
    keys: { ...authority.keys, publicKey: await publicKeyOf(key) },
    extensions: [new x509.Extension(APPLE_NONCE_EXTENSION, false, der(0x30, der(0xa1, der(0x04, nonce))))],
  });
  return () => ({ format: 'apple', statement: { x5c: [leaf, authority].map(derOf) } });
}

/** Creates the certificate of a TPM's attestation key (section 8.3.1). */
export function makeTpmLeaf(issuer: Identity): Promise<Identity> {
  const manufacturer = [1, 2, 3].map((which, at) =>
    der(
      0x31,
      der(
        0x30,
        der(0x06, Buffer.from([0x67, 0x81, 0x05, 2, which])),
        der(0x0c, Buffer.from(['id:414D4400', 'Model', 'id:13'][at] as string)),
      ),
    ),
  );
  return issue({
    subject: '',
    issuer,
    ca: false,
    extensions: [
      new x509.Extension(ALTERNATIVE_NAME_EXTENSION, true, der(0x30, der(0xa4, der(0x30, ...manufacturer)))),
      new x509.ExtendedKeyUsageExtension([TPM_KEY_USAGE]),
    ],
  });
}

/** An attestation as made by TPMs (section 8.3), of a key on P-256. */
export function tpmBy(leaf: Identity, ...chain: Identity[]): Attest {
  return ({ authData, clientDataHash }) => {
    const { x, y } = pointOf(authData);
    // TPMT_PUBLIC: ECC, SHA-256, without attributes or policy, on P-256.
    const pubArea = Buffer.concat([
      Buffer.from('0023000b0000000000000010001000030010', 'hex'),
      sized(x),
      sized(y),
    ]);
    // TPMS_ATTEST: the magic, TPM_ST_ATTEST_CERTIFY, no signer, the data, clock and firmware, and the key's name.
    const certInfo = Buffer.concat([
      Buffer.from('ff5443478017', 'hex'),
      sized(),
      sized(sha256(authData, clientDataHash)),
      Buffer.alloc(25),
      sized(Buffer.from('000b', 'hex'), sha256(pubArea)),
      sized(),
    ]);
    return {
      format: 'tpm',
      statement: {
        ver: '2.0',
        alg: -7,
        sig: sign('sha256', certInfo, privateKeyOf(leaf)),
        x5c: [leaf, ...chain].map(derOf),
        pubArea,
        certInfo,
      },
    };
  };
}

/** An attestation as made by Android's SafetyNet (section 8.5), whose certificates are in a JWS. The leaf has an RSA key. */
export function safetyNetBy(leaf: Identity, ...chain: Identity[]): Attest {
  return ({ authData, clientDataHash }) => {
    const header = { alg: 'RS256', x5c: [leaf, ...chain].map((one) => derOf(one).toString('base64')) };
    const payload = {
      nonce: sha256(authData, clientDataHash).toString('base64'),
      ctsProfileMatch: true,
      timestampMs: Date.now(),
    };
    const signed = [header, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(signed), privateKeyOf(leaf)).toString('base64url');
    const response = Buffer.from(`${signed}.${signature}`);
    return { format: 'android-safetynet', statement: { ver: '1', alg: -257, response } };
  };
}

/** What the ceremony lets an authenticator sign, which some certificates contain. */
function learn(create: (tampering: Tampering) => unknown): Attestable {
  const seen: Attestable[] = [];
  const watch: Attest = (signed) => {
    seen.push(signed);
    return { format: 'none', statement: {} };
  };
  create({ attest: watch });
  const [learnt] = seen as [Attestable];
  return learnt;
}

function publicKeyOf(key: KeyObject): Promise<CryptoKey> {
  const spki = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  return webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']);
}

/** The COSE key ends with x and y, each after a label and a two-byte header. */
function pointOf(authData: Buffer): { x: Buffer; y: Buffer } {
  return { x: authData.subarray(-67, -35), y: authData.subarray(-32) };
}

const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** A TPM2B structure: the size in two bytes, and what it is the size of. */
function sized(...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0, content.length]), content]);
}

/** A short DER element. */
function der(tag: number, ...parts: Buffer[]): Buffer<ArrayBuffer> {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
