import type { Certificate } from '../../../core/crypto/certificates.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import type {
  CertificationLevel,
  FidoMetadataEntry,
  MetadataStatusReport,
} from '../../../options/metadata-options.js';
import { CERTIFICATION_LEVELS } from '../../../options/metadata-options.js';

/** Types of attestation that come with a path of certificates (FIDO Registry of Predefined Values, section 3.6.3). */
const WITH_PATH: readonly unknown[] = ['basic_full', 'attca', 'anonca'];
const WITHOUT_LEVEL: readonly string[] = ['NOT_FIDO_CERTIFIED', 'SELF_ASSERTION_SUBMITTED'];

/** Why a model is rejected: the newest of the reports that say so. */
export interface Rejection {
  status: string;
  /** When it came into effect, milliseconds since the epoch; 0 when the report does not say. */
  since: number;
}

/** A model of authenticators, as its entry in the metadata has it (FIDO Metadata Service v3.0, section 3.1.1). */
export class AuthenticatorModel {
  private constructor(
    /** What it is called; null when the entry has no statement. */
    readonly name: string | null,
    private readonly roots: readonly string[],
    private readonly reports: readonly MetadataStatusReport[],
  ) {}

  static of({ metadataStatement, statusReports = [] }: Partial<FidoMetadataEntry>): AuthenticatorModel {
    const { description, attestationTypes, attestationRootCertificates = [] } = metadataStatement ?? {};
    // A model that only vouches for itself is attested by nobody, whatever certificates stand there.
    const hasPath = attestationTypes?.some((type) => WITH_PATH.includes(type)) ?? true;
    return new AuthenticatorModel(
      description === undefined || description === '' ? null : description,
      hasPath ? attestationRootCertificates : [],
      statusReports,
    );
  }

  /** The model when two entries are about it: then all of their reports count. */
  with(other: AuthenticatorModel): AuthenticatorModel {
    return new AuthenticatorModel(
      this.name ?? other.name,
      [...this.roots, ...other.roots],
      [...this.reports, ...other.reports],
    );
  }

  /** What the certificates of its attestation have to lead to. */
  anchors(): Certificate[] {
    return this.roots.map((der) => readCertificate(Buffer.from(der, 'base64'))).filter((one) => one !== null);
  }

  /**
   * Why authenticators of it are rejected now, if they are. A report about one certificate (section 3.1.4, on
   * ATTESTATION_KEY_COMPROMISE) is about those only whose attestation came by the key of that certificate.
   *
   * @param statuses those for which models are rejected
   * @param attestationKeys identifiers of the keys of the attestation; null: not known, so that any may have been among them
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
   * Whether its newest certification is of that level or above. Of several of one day the highest counts: FIDO names the level and, beside
   * it, `FIDO_CERTIFIED`.
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

/** From when on a report counts; one whose date is missing or can't be read always has. */
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
