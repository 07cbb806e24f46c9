import type { GivenOf, KeptOf } from './option.js';
import { group, integer, optionalText, special, toggle } from './option.js';
import { readCertificateList } from './certificate-list.js';
import type { Problems } from './problems.js';

/** Certification levels, from lowest to highest (FIDO Metadata Service v3.0, section 3.1.4, AuthenticatorStatus). */
export const CERTIFICATION_LEVELS = [
  'FIDO_CERTIFIED',
  'FIDO_CERTIFIED_L1',
  'FIDO_CERTIFIED_L1plus',
  'FIDO_CERTIFIED_L2',
  'FIDO_CERTIFIED_L2plus',
  'FIDO_CERTIFIED_L3',
  'FIDO_CERTIFIED_L3plus',
] as const;
export type CertificationLevel = (typeof CERTIFICATION_LEVELS)[number];

/** Rejected by default: statuses of models that are broken or should never have been trusted (section 3.1.4). */
const BROKEN_STATUSES = [
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
] as const;
const REJECTABLE_STATUSES = [
  ...BROKEN_STATUSES,
  'NOT_FIDO_CERTIFIED',
  'SELF_ASSERTION_SUBMITTED',
  'UPDATE_AVAILABLE',
] as const;
/** A status that can make the module reject a model of authenticator. */
export type RejectableStatus = (typeof REJECTABLE_STATUSES)[number];

/** The fields of a StatusReport that the module reads (FIDO Metadata Service v3.0, section 3.1.3). */
export interface MetadataStatusReport {
  status: string;
  /** `YYYY-MM-DD`; without it, the report has always applied. */
  effectiveDate?: string;
  /** The certificate (DER in base64) that the report is about, if it isn't about the whole model. */
  certificate?: string;
}

/** The fields of a metadata statement that the module reads (FIDO Metadata Statement v3.0, section 3.1). */
export interface FidoMetadataStatement {
  /** The model's name. */
  description: string;
  aaguid?: string;
  /** Identifies models without an AAGUID (U2F). */
  attestationCertificateKeyIdentifiers?: readonly string[];
  attestationTypes?: readonly string[];
  /** DER in base64. */
  attestationRootCertificates: readonly string[];
}

/** The fields of a BLOB entry that the module reads (FIDO Metadata Service v3.0, section 3.1.1). */
export interface FidoMetadataEntry {
  aaguid?: string;
  attestationCertificateKeyIdentifiers?: readonly string[];
  metadataStatement?: FidoMetadataStatement;
  statusReports: readonly MetadataStatusReport[];
}

type GivenStatement = FidoMetadataStatement | FidoMetadataEntry;
/** The BLOB as published (a JWS), or a function that returns the newest one. */
type GivenBlob = string | (() => string | Promise<string>);

/** The options of FIDO metadata: what is known about models of authenticators. */
export const METADATA_OPTIONS = {
  /**
   * Your own data about models: metadata statements, or BLOB entries with `statusReports`. None of it is signed, so you are responsible
   * for where it comes from.
   */
  statements: special<readonly GivenStatement[], readonly GivenStatement[] | null>({
    kind: 'other',
    usual: 'none',
    range: 'metadata statements or BLOB entries',
    read: (name, value, problems) => {
      if (value === undefined) return null;
      if (Array.isArray(value) && value.length > 0) return value as GivenStatement[];
      problems.add(`\`${name}\` must be a list of metadata statements or BLOB entries`);
      return null;
    },
  }),
  /**
   * The BLOB of FIDO's Metadata Service (MDS3), a JWS; or a function that returns the newest one, called once a day. The library doesn't
   * download anything itself.
   */
  blob: special<GivenBlob, GivenBlob | null>({
    kind: 'other',
    usual: 'none',
    range: 'a string or a function',
    read: (name, value, problems) => {
      if (value === undefined) return null;
      if ((typeof value === 'string' && value !== '') || typeof value === 'function')
        return value as GivenBlob;
      problems.add(`\`${name}\` must be the BLOB as a string, or a function that returns it`);
      return null;
    },
  }),
  /** The path of a file that contains the BLOB; it is read again when it changes. */
  file: optionalText(/./, 'the path of a file'),
  /** Root certificates (PEM, or DER as bytes) that the BLOB's signature must chain to. */
  rootCertificates: special<readonly (string | Uint8Array)[], readonly (string | Uint8Array)[]>({
    kind: 'list',
    usual: "FIDO's own",
    range: 'certificates in PEM',
    read: (name, value, problems) =>
      readCertificateList<Uint8Array>(name, value, problems, 'PEM, or in DER as bytes'),
  }),
  /** The certification level that a model needs for registration, according to its newest report. */
  minimumLevel: special<CertificationLevel, CertificationLevel | undefined>({
    kind: 'text',
    usual: 'none',
    range: '`FIDO_CERTIFIED` to `FIDO_CERTIFIED_L3plus`',
    read: (name, value, problems) =>
      value === undefined
        ? undefined
        : problems.oneOf<CertificationLevel>(name, value, 'FIDO_CERTIFIED_L1', CERTIFICATION_LEVELS),
  }),
  /** Models with one of these statuses can't be registered, and users' existing keys of these models are reported. */
  rejectStatuses: special<RejectableStatus[], readonly RejectableStatus[]>({
    kind: 'list',
    usual: '`REVOKED`, and statuses of broken models',
    range: 'MDS3 statuses',
    read: (name, value, problems) => readStatuses(name, value, problems),
  }),
  /**
   * Whether to stop trusting a BLOB once its `nextUpdate` has passed; the application then doesn't boot with it either. By default, the
   * module only logs a warning once a day.
   */
  strict: toggle(false),
  /** How often the module checks for newer data and reports keys of revoked models, in seconds; 0: never automatically. */
  everySeconds: integer(3600, 0, 86_400),
};

export interface MetadataOptions extends GivenOf<typeof METADATA_OPTIONS> {}
export type ResolvedMetadataOptions = Readonly<KeptOf<typeof METADATA_OPTIONS>>;

const SOURCES = ['statements', 'blob', 'file'] as const;

/** FIDO metadata; null if the option is not set. */
export const metadata = (() => {
  const options = group<typeof METADATA_OPTIONS, MetadataOptions>(METADATA_OPTIONS, checkMetadata);
  return special<MetadataOptions, ResolvedMetadataOptions | null>({
    ...options,
    read: (name, value, problems, scope) =>
      value === undefined ? null : options.read(name, value, problems, scope),
  });
})();

function checkMetadata(
  { statements, rootCertificates, minimumLevel, strict }: ResolvedMetadataOptions,
  problems: Problems,
  _scope: unknown,
  name: string,
  given: Readonly<Record<string, unknown>>,
): void {
  const sources = SOURCES.filter((source) => given[source] !== undefined);
  if (sources.length !== 1) {
    problems.add(
      `\`${name}\` needs exactly one of \`statements\`, \`blob\` and \`file\`; it has ${sources.join(', ') || 'none'}`,
    );
  }
  if (!statements) return;
  if (rootCertificates.length > 0 || strict) {
    problems.add(
      `\`${name}.rootCertificates\` and \`${name}.strict\` apply only to a signed BLOB: leave them out with \`statements\``,
    );
  }
  if (minimumLevel && !statements.some((one) => 'statusReports' in one)) {
    problems.add(
      `\`${name}.minimumLevel\` would refuse every key: give \`${name}.statements\` entries with \`statusReports\`, which say how models are certified`,
    );
  }
}

function readStatuses(name: string, given: unknown, problems: Problems): readonly RejectableStatus[] {
  if (given === undefined) return BROKEN_STATUSES;
  const statuses = Array.isArray(given) ? (given as RejectableStatus[]) : [];
  if (statuses.length > 0 && statuses.every((one) => REJECTABLE_STATUSES.includes(one))) return statuses;
  problems.add(
    `\`${name}\` must be a list of ${REJECTABLE_STATUSES.join(', ')}; leave it out for the default`,
  );
  return BROKEN_STATUSES;
}
