import type { KeyObject } from 'node:crypto';
import { createHash, sign } from 'node:crypto';

import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

import type { Cbor } from './cbor.js';
import { encodeCbor } from './cbor.js';

/** Bits of the flags in authenticator data (WebAuthn Level 3, section 6.1). */
export const FLAGS = {
  userPresent: 0x01,
  userVerified: 0x04,
  backupEligible: 0x08,
  backedUp: 0x10,
  attested: 0x40,
} as const;

/** The parts of a response that both ceremonies share, each of which can be set. */
export interface CeremonyParts {
  /** The client data as collected by the browser (section 5.8.1). */
  clientData: Record<string, unknown>;
  rpId: string;
  /** {@link FLAGS}, OR-ed. */
  flags: number;
  signCount: number;
  credentialId: Buffer;
  privateKey: KeyObject;
}

export interface RegistrationParts extends CeremonyParts {
  aaguid: string;
  cose: Map<number, Cbor>;
  isDiscoverable: boolean;
  transports: readonly string[];
  /** Makes the attestation statement. Default: none. */
  attest?: Attest | undefined;
}

export interface AssertionParts extends CeremonyParts {
  userHandle: string | null;
}

export type Attest = (signed: Attestable) => { format: string; statement: Record<string, Cbor> };

/** What an authenticator signs at registration. */
export interface Attestable {
  authData: Buffer;
  clientDataHash: Buffer;
  /** The private key of the new credential. */
  key: KeyObject;
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const noAttestation: Attest = () => ({ format: 'none', statement: {} });

/** The result of `navigator.credentials.create()` as JSON (section 6.5). */
export function registrationAnswer(parts: RegistrationParts): RegistrationResponseJSON {
  const { credentialId, privateKey, aaguid, cose, attest = noAttestation } = parts;
  const attested = Buffer.concat([
    Buffer.from(aaguid.replaceAll('-', ''), 'hex'),
    Buffer.from([credentialId.length >> 8, credentialId.length & 255]),
    credentialId,
    encodeCbor(cose),
  ]);
  const authData = authenticatorData({ ...parts, flags: parts.flags | FLAGS.attested }, attested);
  const clientData = Buffer.from(JSON.stringify(parts.clientData));
  const { format, statement } = attest({ authData, clientDataHash: sha256(clientData), key: privateKey });
  const attestationObject = encodeCbor(
    new Map<string, Cbor>([
      ['fmt', format],
      ['attStmt', new Map(Object.entries(statement))],
      ['authData', authData],
    ]),
  );
  const response = {
    clientDataJSON: clientData.toString('base64url'),
    attestationObject: attestationObject.toString('base64url'),
    transports: [...parts.transports] as RegistrationResponseJSON['response']['transports'] & object,
  };
  return { ...credentialJson(credentialId, { credProps: { rk: parts.isDiscoverable } }), response };
}

/** The result of `navigator.credentials.get()` as JSON (section 6.3.3). */
export function assertionAnswer(parts: AssertionParts): AuthenticationResponseJSON {
  const { credentialId, privateKey, userHandle } = parts;
  const authData = authenticatorData(parts);
  const clientData = Buffer.from(JSON.stringify(parts.clientData));
  // Ed25519 includes its own hash.
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.concat([authData, sha256(clientData)]), privateKey);
  const response = {
    clientDataJSON: clientData.toString('base64url'),
    authenticatorData: authData.toString('base64url'),
    signature: signature.toString('base64url'),
    ...(userHandle === null ? {} : { userHandle }),
  };
  return { ...credentialJson(credentialId, {}), response };
}

function credentialJson<T extends object>(credentialId: Buffer, clientExtensionResults: T) {
  const id = credentialId.toString('base64url');
  return {
    id,
    rawId: id,
    type: 'public-key' as const,
    clientExtensionResults,
    authenticatorAttachment: 'cross-platform' as const,
  };
}

function authenticatorData({ rpId, flags, signCount }: CeremonyParts, attested?: Buffer): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(signCount);
  return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested ?? Buffer.alloc(0)]);
}
