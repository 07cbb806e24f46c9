import type { Certificate } from '../../../core/crypto/certificates.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import type {
  CertificationLevel,
  FidoMetadataEntry,
  MetadataStatusReport,
} from '../../../options/metadata-options.js';
import { CERTIFICATION_LEVELS } from '../../../options/metadata-options.js';

/** Types of attestation that come with a certificate path (FIDO Registry of Predefined Values, section 3.6.3). */
const WITH_PATH: readonly unknown[] = ['basic_full', 'attca', 'anonca'];
const WITHOUT_LEVEL: readonly string[] = ['NOT_FIDO_CERTIFIED', 'SELF_ASSERTION_SUBMITTED'];

/** Why a model is rejected: the newest of the reports that say so. */
export interface Rejection {
  status: string;
  /** When it took effect, in milliseconds since the epoch; 0 if the report doesn't say. */
  since: number;
}

/** A model of authenticator, from its entry in the metadata (FIDO Metadata Service v3.0, section 3.1.1). */
export class AuthenticatorModel {
  private constructor(
    /** The model's name; null if the entry has no statement. */
    readonly name: string | null,
    private readonly roots: readonly string[],
    private readonly reports: readonly MetadataStatusReport[],
  ) {}

  static of({
    metadataStatement,
    statusReports,
  }: Pick<FidoMetadataEntry, 'metadataStatement' | 'statusReports'>): AuthenticatorModel {
    const { description, attestationTypes, attestationRootCertificates = [] } = metadataStatement ?? {};
    // Nobody attests a model that only attests itself, whatever certificates are listed.
    const hasPath = attestationTypes?.some((type) => WITH_PATH.includes(type)) ?? true;
    return new AuthenticatorModel(
      description === undefined || description === '' ? null : description,
      hasPath ? attestationRootCertificates : [],
      statusReports,
    );
  }

  /** Merges two entries about the same model; all of their reports count. */
  with(other: AuthenticatorModel): AuthenticatorModel {
    return new AuthenticatorModel(
      this.name ?? other.name,
      [...this.roots, ...other.roots],
      [...this.reports, ...other.reports],
    );
  }

  /** The certificates that an attestation has to chain to. */
  anchors(): Certificate[] {
    return this.roots.map((der) => readCertificate(Buffer.from(der, 'base64'))).filter((one) => one !== null);
  }

  /**
   * Why authenticators of this model are rejected now; null if they aren't. A report about one certificate (section 3.1.4, on
   * ATTESTATION_KEY_COMPROMISE) only applies to authenticators attested with the key of that certificate.
   *
   * @param statuses the statuses for which models are rejected
   * @param attestationKeys identifiers of the keys of the attestation; null: not known, so that it may be any
   * @param now milliseconds since the epoch
   */
  rejection(
    statuses: readonly string[],
    attestationKeys: readonly string[] | null,
    now: number,
  ): Rejection | null {
    return this.inEffect(now)
      .filter((report) => statuses.includes(report.status) && concerns(report, attestationKeys))
      .reduce<Rejection | null>((newest, report) => {
        const since = startOf(report);
        return newest && newest.since > since ? newest : { status: report.status, since };
      }, null);
  }

  /**
   * Whether the newest certification is of this level or above. If there are several on the same day, the highest counts: FIDO lists the
   * level and, beside it, `FIDO_CERTIFIED`.
   */
  isCertified(level: CertificationLevel, now: number): boolean {
    const certifications = this.inEffect(now).filter(
      ({ status }) => rank(status) >= 0 || WITHOUT_LEVEL.includes(status),
    );
    const newest = Math.max(...certifications.map(startOf));
    return certifications.some((one) => startOf(one) === newest && rank(one.status) >= rank(level));
  }

  private inEffect(now: number): MetadataStatusReport[] {
    return this.reports.filter((report) => startOf(report) <= now);
  }
}

const rank = (status: string): number => CERTIFICATION_LEVELS.findIndex((level) => level === status);

/** When a report takes effect. A report with a missing or unreadable date has always applied. */
function startOf({ effectiveDate }: MetadataStatusReport): number {
  const at = typeof effectiveDate === 'string' ? Date.parse(effectiveDate) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}

function concerns(
  { status, certificate }: MetadataStatusReport,
  attestationKeys: readonly string[] | null,
): boolean {
  if (status !== 'ATTESTATION_KEY_COMPROMISE' || typeof certificate !== 'string') return true;
  const compromised = readCertificate(Buffer.from(certificate, 'base64'));
  return !compromised || !attestationKeys || attestationKeys.includes(compromised.keyIdentifier);
}
