import type { FidoMetadataEntry, FidoMetadataStatement } from '../../../options/metadata-options.js';
import type { Rejection } from './authenticator-model.js';
import { AuthenticatorModel } from './authenticator-model.js';

/** The AAGUID of authenticators that don't reveal their model. */
export const NO_AAGUID = '00000000-0000-0000-0000-000000000000';
const AAGUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const KEY_IDENTIFIER = /^[0-9a-f]{40}$/;

/** What identifies the model of a key. */
export interface ModelKeys {
  aaguid: string;
  /** Identifiers of the keys of its attestation, the leaf's first; null: not known. */
  attestationKeys: readonly string[] | null;
}

/** Models by AAGUID (FIDO2) and by the keys of their attestation (U2F). */
export class ModelCatalogue {
  private readonly byAaguid = new Map<string, AuthenticatorModel>();
  private readonly byKey = new Map<string, AuthenticatorModel>();

  /** @returns false for an unreadable entry, or one of another kind, such as UAF */
  add(given: unknown): boolean {
    const entry = readEntry(given);
    if (!entry) return false;
    const model = AuthenticatorModel.of(entry);
    if (entry.aaguid !== undefined) put(this.byAaguid, entry.aaguid, model);
    else for (const key of entry.attestationCertificateKeyIdentifiers ?? []) put(this.byKey, key, model);
    return true;
  }

  find({ aaguid, attestationKeys }: ModelKeys): AuthenticatorModel | null {
    if (aaguid !== NO_AAGUID) return this.byAaguid.get(aaguid) ?? null;
    return this.attestedBy(attestationKeys ?? [])[0] ?? null;
  }

  /** The models identified by a key of this attestation, whatever the authenticator claims to be. */
  attestedBy(attestationKeys: readonly string[]): AuthenticatorModel[] {
    return attestationKeys.flatMap((key) => this.byKey.get(key) ?? []);
  }

  /** The AAGUIDs of models that the function rejects some keys of, and whether this applies to any model without an AAGUID. */
  rejected(reject: (model: AuthenticatorModel) => Rejection | null): {
    aaguids: string[];
    hasOthers: boolean;
  } {
    const aaguids = [...this.byAaguid].filter(([, model]) => reject(model)).map(([aaguid]) => aaguid);
    return { aaguids, hasOthers: [...this.byKey.values()].some((model) => reject(model) !== null) };
  }
}

function put(models: Map<string, AuthenticatorModel>, key: string, model: AuthenticatorModel): void {
  const known = models.get(key);
  models.set(key, known ? known.with(model) : model);
}

/** Reads a BLOB entry, or turns a statement into one, as far as it is readable. */
function readEntry(given: unknown): FidoMetadataEntry | null {
  const entry = objectOf(given);
  if (!entry) return null;
  const isEntry = 'metadataStatement' in entry || 'statusReports' in entry;
  const statement = objectOf(isEntry ? entry['metadataStatement'] : entry);
  if (!isEntry && (typeof entry['description'] !== 'string' || !('attestationRootCertificates' in entry)))
    return null;
  const named = entry['aaguid'] ?? statement?.['aaguid'];
  const aaguid = typeof named === 'string' ? named.toLowerCase() : '';
  const keys = textsOf(
    entry['attestationCertificateKeyIdentifiers'] ?? statement?.['attestationCertificateKeyIdentifiers'],
  ).map((key) => key.toLowerCase());
  const isKnown = AAGUID.test(aaguid) && aaguid !== NO_AAGUID;
  if (!isKnown && (keys.length === 0 || !keys.every((key) => KEY_IDENTIFIER.test(key)))) return null;
  const reports = (Array.isArray(entry['statusReports']) ? (entry['statusReports'] as unknown[]) : [])
    .map(objectOf)
    .filter((report) => typeof report?.['status'] === 'string');
  return {
    ...(isKnown ? { aaguid } : { attestationCertificateKeyIdentifiers: keys }),
    ...(statement ? { metadataStatement: readStatement(statement) } : {}),
    statusReports: reports as unknown as FidoMetadataEntry['statusReports'],
  };
}

function readStatement({
  description,
  attestationTypes,
  attestationRootCertificates,
}: Record<string, unknown>): FidoMetadataStatement {
  return {
    description: typeof description === 'string' ? description : '',
    ...(attestationTypes === undefined ? {} : { attestationTypes: textsOf(attestationTypes) }),
    attestationRootCertificates: textsOf(attestationRootCertificates),
  };
}

function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
