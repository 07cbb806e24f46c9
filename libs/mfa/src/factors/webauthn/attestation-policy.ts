import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { MetadataService, SettingsService } from '@simplewebauthn/server';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { ResolvedWebAuthnOptions } from '../../options/webauthn-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { pathToAnchor } from '../../core/crypto/certificate-path.js';
import type { Certificate } from '../../core/crypto/certificates.js';
import { readCertificate } from '../../core/crypto/certificates.js';
import type { AuthenticatorModel } from './metadata/authenticator-model.js';
import { NO_AAGUID } from './metadata/model-catalogue.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import type { VerifiedRegistration } from './verify-registration.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** Formats for which SimpleWebAuthn has no default roots: any roots it has come from the application. */
const FORMATS_WITHOUT_DEFAULTS = ['packed', 'tpm', 'fido-u2f'] as const;

/** What is stored of a key's attestation. */
export type Attestation = Pick<WebAuthnCredential, 'attestationKeys'> & { attested: boolean };
type StoredAttestation = Pick<WebAuthnCredential, 'aaguid' | 'attested' | 'attestationKeys'>;

/** How many refusals are logged per window (`rateLimit.windowSeconds`): at a sign-up, anybody can cause them. */
const MAX_LOGGED = 20;

/** The application's requirements for authenticators, beyond those of WebAuthn. */
@Injectable()
export class AttestationPolicy implements OnModuleInit {
  private readonly logger = new Logger('MfaAttestation');
  private readonly roots: readonly Certificate[];
  private readonly logged = { from: -Infinity, lines: 0 };

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {
    this.roots = readAll(options.webauthn?.attestationRoots ?? []);
  }

  onModuleInit(): void {
    const { webauthn } = this.options;
    if (webauthn?.allowedAaguids && !asksForAttestation(webauthn)) {
      this.logger.warn(
        '`webauthn.allowedAaguids` refuses every key: without attestation, no key can prove its model. Set `webauthn.attestation` to `direct`, with `webauthn.attestationRoots` or `webauthn.metadata`, or leave the AAGUIDs out',
      );
    }
    if (webauthn?.attestation === 'enterprise' && !webauthn.allowedAaguids) {
      this.logger.warn(
        '`webauthn.attestation` `enterprise` can identify individual devices, and every model is allowed: list the models that you hand out in `webauthn.allowedAaguids`, or use `direct`',
      );
    }
  }

  /**
   * Checks what the attestation proves; null if the key must not be registered. Called for every valid registration.
   *
   * @returns `attested`: the certificates chain to a root, so the key is the model that it claims to be
   */
  async verify(user: MfaUser, registration: VerifiedRegistration): Promise<Attestation | null> {
    const { webauthn } = this.options;
    if (!webauthn) return null;
    const { aaguid, format, x5c } = registration;
    if (asksForAttestation(webauthn) && format === 'none') return null;
    if (webauthn.allowedAaguids && !webauthn.allowedAaguids.includes(aaguid)) return null;
    await this.models.refreshFile();
    const claimed = readAll(x5c).map(({ keyIdentifier }) => keyIdentifier);
    if (aaguid !== NO_AAGUID && this.models.isOfU2f(claimed[0])) {
      this.logRefusal(`its attestation is that of a U2F model, and can't vouch for ${aaguid}`);
      return null;
    }
    const model = this.models.find({ aaguid, attestationKeys: claimed });
    const anchors = model ? this.anchorsOf(model) : await this.rootsFor(registration);
    const path = pathToAnchor(x5c, anchors, this.clock.now());
    const attestationKeys = path?.map(({ keyIdentifier }) => keyIdentifier) ?? null;
    const rejection = this.models.rejectionOf({ aaguid, attestationKeys: attestationKeys ?? claimed }, model);
    if (rejection) {
      this.logRefusal(`the status of ${model?.name ?? aaguid} is ${rejection.status}`);
      return null;
    }
    if (!path && this.demandsRoot(webauthn)) {
      this.noteMissingRoot(registration, anchors);
      return null;
    }
    if (!this.models.isCertified(model)) {
      this.logRefusal(`${model?.name ?? aaguid} is certified below \`webauthn.metadata.minimumLevel\``);
      return null;
    }
    if (!(await this.adapter.verifyAttestation(registration, user))) return null;
    return { attested: path !== null, attestationKeys };
  }

  /** Whether a key counts as attested now: its model must not have been revoked since. Null: not known. */
  isAttested(credential: StoredAttestation): boolean | null {
    if (credential.attested !== true) return credential.attested;
    const model = this.models.find(credential);
    // With `strict`, outdated metadata no longer attests anything.
    if (model && this.models.isSilent) return false;
    return this.models.rejectionOf(credential, model) === null;
  }

  /** Whether a chain to a root is required: if the application configured roots, or models, which nothing else can prove. */
  private demandsRoot(webauthn: ResolvedWebAuthnOptions): boolean {
    if (webauthn.allowedAaguids || webauthn.metadata?.minimumLevel) return true;
    if (!asksForAttestation(webauthn)) return false;
    return (
      this.models.isOn ||
      this.roots.length > 0 ||
      FORMATS_WITHOUT_DEFAULTS.some((format) => sharedRoots(format).length > 0)
    );
  }

  /** For a model in the metadata, only its own roots count; otherwise another model's root could vouch for it. */
  private anchorsOf(model: AuthenticatorModel): Certificate[] {
    return this.models.isSilent ? [] : model.anchors();
  }

  private noteMissingRoot({ format, aaguid }: VerifiedRegistration, anchors: readonly Certificate[]): void {
    if (anchors.length > 0) return;
    this.logRefusal(
      this.models.isOn
        ? `\`webauthn.metadata\` has no data that attests the model ${aaguid}`
        : `no attestation root is known for the format ${format}. Set \`webauthn.attestationRoots\``,
    );
  }

  private logRefusal(reason: string): void {
    const now = this.clock.now();
    const { logged } = this;
    const isNew = Math.abs(now - logged.from) >= this.options.rateLimit.windowSeconds * 1000;
    if (isNew) Object.assign(logged, { from: now, lines: 0 });
    logged.lines += 1;
    if (logged.lines > MAX_LOGGED) return;
    const more = logged.lines === MAX_LOGGED ? ' (more of these are not logged for now)' : '';
    this.logger.warn(`A key was refused: ${reason}${more}`);
  }

  private async rootsFor({ format, aaguid }: VerifiedRegistration): Promise<Certificate[]> {
    return [...this.roots, ...readAll([...sharedRoots(format), ...(await metadataRoots(aaguid))])];
  }
}

function asksForAttestation({ attestation }: ResolvedWebAuthnOptions): boolean {
  return attestation === 'direct' || attestation === 'enterprise';
}

/** The roots that the application gave to SimpleWebAuthn's service, which is shared by the whole process. */
function sharedRoots(format: string): string[] {
  return FORMATS_WITHOUT_DEFAULTS.filter((one) => one === format).flatMap((identifier) =>
    SettingsService.getRootCertificates({ identifier }),
  );
}

/** The roots of this model, if the application has started SimpleWebAuthn's metadata service. */
async function metadataRoots(aaguid: string): Promise<string[]> {
  // Throws if the model is known to be broken, or isn't known at all.
  const statement = await MetadataService.getStatement(aaguid).catch(() => undefined);
  return (statement?.attestationRootCertificates ?? []).map(
    (base64) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`,
  );
}

function readAll(certificates: readonly (string | Uint8Array)[]): Certificate[] {
  return certificates.map(readCertificate).filter((one) => one !== null);
}
