import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

import type { Cbor } from './cbor.js';
import { encodeCbor } from './cbor.js';
import { ORIGIN } from './test-app.js';

interface Options {
  challenge: string;
  rp?: { id?: string };
  rpId?: string;
  user?: { id: string };
}

/** What a hostile authenticator or browser changes about an honest answer. */
export interface Tampering {
  type?: string;
  origin?: string;
  challenge?: string;
  clientData?: Record<string, unknown>;
  rpId?: string;
  userPresent?: boolean;
  userVerified?: boolean;
  backupEligible?: boolean;
  backedUp?: boolean;
  signCount?: number;
  userHandle?: string | null;
  aaguid?: string;
  /** Signs with a key that nobody registered. */
  wrongKey?: boolean;
  credentialId?: Buffer;
  /** Replaces fields of the finished JSON. */
  json?: Record<string, unknown>;
  response?: Record<string, unknown>;
  algorithm?: number;
  format?: string;
  /** Replaces entries of the COSE key. */
  cose?: Record<number, Cbor>;
  /** Makes the attestation statement, and its format. */
  attest?: Attest;
}

export type Attest = (signed: Attestable) => { format: string; statement: Record<string, Cbor> };

/** What an authenticator signs at registration. */
export interface Attestable {
  authData: Buffer;
  clientDataHash: Buffer;
  /** The private key of the new credential. */
  key: KeyObject;
}

/** A pair of keys of a kind that authenticators have. */
export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The public key as authenticators give it (RFC 9052, section 7; RFC 8230, section 4). */
function coseKey(publicKey: KeyObject): Map<number, Cbor> {
  const { kty, x = '', y = '', n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (base64url: string) => Buffer.from(base64url, 'base64url');
  const entries: Record<string, [number, Cbor][]> = {
    EC: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    OKP: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ],
    RSA: [
      [1, 3],
      [3, -257],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
  };
  return new Map(entries[kty as string]);
}

/** A security key in software: one credential, ES256 where nothing else is given, and full control over what it says. */
export class SoftwareAuthenticator {
  readonly credentialId: Buffer;
  signCount = 0;
  userHandle = '';

  constructor(
    private readonly defaults: Tampering = {},
    credentialId: Buffer = randomBytes(32),
    private readonly key: KeyPair = newKey(),
  ) {
    this.credentialId = credentialId;
  }

  /** What `navigator.credentials.create()` would give, as JSON. */
  create(options: Options, tampering: Tampering = {}): Record<string, unknown> {
    const t = { ...this.defaults, ...tampering };
    this.userHandle = options.user?.id ?? '';
    const id = t.credentialId ?? this.credentialId;
    const cose = coseKey(this.key.publicKey);
    if (t.algorithm !== undefined) cose.set(3, t.algorithm);
    for (const [label, value] of Object.entries(t.cose ?? {})) cose.set(Number(label), value);
    const attested = Buffer.concat([
      Buffer.from((t.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''), 'hex'),
      Buffer.from([id.length >> 8, id.length & 255]),
      id,
      encodeCbor(cose),
    ]);
    const authData = this.authenticatorData(t, options.rp?.id ?? '', attested);
    const clientDataJSON = this.clientData(t, 'webauthn.create', options.challenge);
    const signed = { authData, clientDataHash: sha256(clientDataJSON), key: this.key.privateKey };
    const { format, statement } = t.attest?.(signed) ?? { format: 'none', statement: {} };
    const attestationObject = encodeCbor(
      new Map<string, Cbor>([
        ['fmt', t.format ?? format],
        ['attStmt', new Map(Object.entries(statement))],
        ['authData', authData],
      ]),
    );
    return this.json(t, id, {
      clientDataJSON: clientDataJSON.toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['usb'],
    });
  }

  /** What `navigator.credentials.get()` would give, as JSON. */
  get(options: Options, tampering: Tampering = {}): Record<string, unknown> {
    const t = { ...this.defaults, ...tampering };
    this.signCount += 1;
    const authData = this.authenticatorData(t, options.rpId ?? '');
    const clientDataJSON = this.clientData(t, 'webauthn.get', options.challenge);
    const key: KeyObject = t.wrongKey ? newKey().privateKey : this.key.privateKey;
    const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    const signature = sign(hash, Buffer.concat([authData, sha256(clientDataJSON)]), key);
    const userHandle = t.userHandle === undefined ? this.userHandle : t.userHandle;
    return this.json(t, t.credentialId ?? this.credentialId, {
      clientDataJSON: clientDataJSON.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      ...(userHandle === null ? {} : { userHandle }),
    });
  }

  private json(t: Tampering, id: Buffer, response: Record<string, unknown>): Record<string, unknown> {
    return {
      id: id.toString('base64url'),
      rawId: id.toString('base64url'),
      type: 'public-key',
      response: { ...response, ...t.response },
      clientExtensionResults: { credProps: { rk: true } },
      authenticatorAttachment: 'cross-platform',
      ...t.json,
    };
  }

  private clientData(t: Tampering, type: string, challenge: string): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: t.type ?? type,
        challenge: t.challenge ?? challenge,
        origin: t.origin ?? ORIGIN,
        crossOrigin: false,
        ...t.clientData,
      }),
    );
  }

  private authenticatorData(t: Tampering, rpId: string, attested?: Buffer): Buffer {
    const flags =
      ((t.userPresent ?? true) ? 0x01 : 0) |
      ((t.userVerified ?? true) ? 0x04 : 0) |
      (t.backupEligible ? 0x08 : 0) |
      (t.backedUp ? 0x10 : 0) |
      (attested ? 0x40 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(t.signCount ?? this.signCount);
    return Buffer.concat([
      sha256(t.rpId ?? rpId),
      Buffer.from([flags]),
      counter,
      attested ?? Buffer.alloc(0),
    ]);
  }
}
