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
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A security key in software: one ES256 credential, and full control over what it says. */
export class SoftwareAuthenticator {
  readonly credentialId: Buffer;
  signCount = 0;
  userHandle = '';
  private readonly key = newKey();

  constructor(
    private readonly defaults: Tampering = {},
    credentialId: Buffer = randomBytes(32),
  ) {
    this.credentialId = credentialId;
  }

  /** What `navigator.credentials.create()` would give, as JSON. */
  create(options: Options, tampering: Tampering = {}): Record<string, unknown> {
    const t = { ...this.defaults, ...tampering };
    this.userHandle = options.user?.id ?? '';
    const id = t.credentialId ?? this.credentialId;
    const { x, y } = this.key.publicKey.export({ format: 'jwk' });
    const cose = encodeCbor(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, t.algorithm ?? -7],
        [-1, 1],
        [-2, Buffer.from(x as string, 'base64url')],
        [-3, Buffer.from(y as string, 'base64url')],
      ]),
    );
    const attested = Buffer.concat([
      Buffer.from((t.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''), 'hex'),
      Buffer.from([id.length >> 8, id.length & 255]),
      id,
      cose,
    ]);
    const authData = this.authenticatorData(t, options.rp?.id ?? '', attested);
    const clientDataJSON = this.clientData(t, 'webauthn.create', options.challenge);
    const attestationObject = encodeCbor(
      new Map<string, Cbor>([
        ['fmt', t.format ?? 'none'],
        ['attStmt', new Map<string, Cbor>()],
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
    const signature = sign('sha256', Buffer.concat([authData, sha256(clientDataJSON)]), key);
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
