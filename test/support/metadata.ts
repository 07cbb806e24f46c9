import { constants, createHash, sign } from 'node:crypto';

import type { FidoMetadataEntry, MetadataOptions, MetadataStatusReport } from 'nestjs-mfa';

import type { Identity } from './attestation.js';
import { derOf, issue, makeRoot, pemOf, privateKeyOf } from './attestation.js';

/** A publisher of metadata, with its own root. */
export interface Publisher {
  root: Identity;
  signer: Identity;
}

export async function makePublisher({ rsa = false } = {}): Promise<Publisher> {
  const root = await makeRoot({ subject: 'CN=Metadata Root', rsa });
  const signer = await issue({
    subject: 'CN=Metadata Signer',
    issuer: root,
    ca: false,
    rsa,
  });
  return { root, signer };
}

/** RSASSA-PSS (RFC 7518, section 3.5). */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

interface Payload {
  no?: unknown;
  nextUpdate?: unknown;
  entries?: unknown;
}

/** A BLOB signed by the publisher. */
export function blobOf(
  { signer }: Publisher,
  { no = 7, nextUpdate = '2027-03-01', entries = [] }: Payload,
  header: { alg?: string; [name: string]: unknown } = {},
): string {
  const kind = privateKeyOf(signer).asymmetricKeyType;
  const isRsa = kind === 'rsa';
  const head = {
    alg: isRsa ? 'RS256' : 'ES256',
    typ: 'JWT',
    x5c: [derOf(signer).toString('base64')],
    ...header,
  };
  const parts = [head, { legalHeader: 'None', no, nextUpdate, entries }];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const bits = /^[ERP]S(\d+)$/.exec(head.alg)?.[1] ?? '256';
  const signature = sign(kind === 'ed25519' ? null : `sha${bits}`, Buffer.from(signed), {
    key: privateKeyOf(signer),
    dsaEncoding: 'ieee-p1363',
    ...(isRsa && head.alg.startsWith('PS') ? PSS : {}),
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/** Metadata that is empty at first and in which a test can revoke models while the application runs. */
export async function revocableMetadata(): Promise<{
  options: MetadataOptions;
  revoke: (aaguid: string) => void;
}> {
  const publisher = await makePublisher();
  const entries: FidoMetadataEntry[] = [];
  return {
    options: {
      blob: () => blobOf(publisher, { entries }),
      rootCertificates: [pemOf(publisher.root)],
      everySeconds: 0,
    },
    revoke: (aaguid) => entries.push({ aaguid, statusReports: [{ status: 'REVOKED' }] }),
  };
}

/** An entry for a model whose attestation chains to that root. */
export function entryOf(
  aaguid: string,
  root: Identity,
  statusReports: MetadataStatusReport[] = [{ status: 'FIDO_CERTIFIED_L1', effectiveDate: '2024-01-01' }],
): FidoMetadataEntry {
  return { aaguid, metadataStatement: statementOf({ aaguid }, root), statusReports };
}

/** An entry for a U2F model, identified by the keys of its attestation certificates. */
export function u2fEntryOf(
  leaf: Identity,
  root: Identity,
  statusReports: MetadataStatusReport[] = [],
): FidoMetadataEntry {
  const attestationCertificateKeyIdentifiers = [keyIdentifierOf(leaf)];
  return {
    attestationCertificateKeyIdentifiers,
    metadataStatement: statementOf({ attestationCertificateKeyIdentifiers }, root),
    statusReports,
  };
}

function statementOf(
  named: { aaguid: string } | { attestationCertificateKeyIdentifiers: string[] },
  root: Identity,
): NonNullable<FidoMetadataEntry['metadataStatement']> {
  return {
    ...named,
    description: 'Vendor Key 5',
    attestationTypes: ['basic_full'],
    attestationRootCertificates: [derOf(root).toString('base64')],
  };
}

/** SHA-1 of the public key's bits (RFC 5280, section 4.2.1.2): on P-256, the last 65 bytes of OpenSSL's encoding. */
export function keyIdentifierOf(identity: Identity): string {
  const spki = Buffer.from(identity.certificate.publicKey.rawData);
  return createHash('sha1').update(spki.subarray(-65)).digest('hex');
}
