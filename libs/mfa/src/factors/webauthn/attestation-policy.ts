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
import { leadsToRoot } from './attestation-path.js';
import type { Certificate } from '../../core/crypto/certificates.js';
import { readCertificate } from '../../core/crypto/certificates.js';
import type { VerifiedRegistration } from './verify-registration.js';

/** Formats for which SimpleWebAuthn has no roots of its own: those that it has were given by the application. */
const FORMATS_WITHOUT_DEFAULTS = ['packed', 'tpm', 'fido-u2f'] as const;

/** What the application wants of authenticators, beyond what WebAuthn does. */
@Injectable()
export class AttestationPolicy implements OnModuleInit {
  private readonly logger = new Logger('MfaAttestation');
  private readonly roots: readonly Certificate[];

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {
    this.roots = readAll(options.webauthn?.attestationRoots ?? []);
  }

  onModuleInit(): void {
    const { webauthn } = this.options;
    if (webauthn?.allowedAaguids && !asksForAttestation(webauthn)) {
      this.logger.warn(
        '`webauthn.allowedAaguids` refuses every key: without attestation no key can prove its model. Set `webauthn.attestation` to `direct` and give `webauthn.attestationRoots`, or leave the AAGUIDs out',
      );
    }
  }

  async accepts(user: MfaUser, registration: VerifiedRegistration): Promise<boolean> {
    const { webauthn } = this.options;
    if (!webauthn) return false;
    const { allowedAaguids } = webauthn;
    if (asksForAttestation(webauthn) && registration.format === 'none') return false;
    if (allowedAaguids && !allowedAaguids.includes(registration.aaguid)) return false;
    if (this.demandsRoot(webauthn) && !(await this.isAnchored(registration))) return false;
    return this.adapter.verifyAttestation(registration, user);
  }

  /** Whether its attestation leads to a root that the application has configured. */
  async isAttested(registration: VerifiedRegistration): Promise<boolean> {
    return leadsToRoot(registration.x5c, await this.rootsFor(registration), this.clock.now());
  }

  /** Whether only a path to a root will do: where the application has named roots, or models, which nothing else proves. */
  private demandsRoot(webauthn: ResolvedWebAuthnOptions): boolean {
    if (webauthn.allowedAaguids) return true;
    if (!asksForAttestation(webauthn)) return false;
    return this.roots.length > 0 || FORMATS_WITHOUT_DEFAULTS.some((format) => sharedRoots(format).length > 0);
  }

  private async isAnchored(registration: VerifiedRegistration): Promise<boolean> {
    const roots = await this.rootsFor(registration);
    if (roots.length === 0) {
      this.logger.warn(
        `A key was refused: no attestation root is known for the format ${registration.format}. Give \`webauthn.attestationRoots\``,
      );
    }
    return leadsToRoot(registration.x5c, roots, this.clock.now());
  }

  private async rootsFor({ format, aaguid }: VerifiedRegistration): Promise<Certificate[]> {
    return [...this.roots, ...readAll([...sharedRoots(format), ...(await metadataRoots(aaguid))])];
  }
}

function asksForAttestation({ attestation }: ResolvedWebAuthnOptions): boolean {
  return attestation === 'direct' || attestation === 'enterprise';
}

/** What the application gave to SimpleWebAuthn's service, which is one for the whole process. */
function sharedRoots(format: string): string[] {
  const identifier = FORMATS_WITHOUT_DEFAULTS.find((one) => one === format);
  return identifier ? SettingsService.getRootCertificates({ identifier }) : [];
}

/** The roots of this model, when the application has started SimpleWebAuthn's service of metadata. */
async function metadataRoots(aaguid: string): Promise<string[]> {
  // It throws where it knows that the model is broken, or that it knows nothing of it.
  const statement = await MetadataService.getStatement(aaguid).catch(() => undefined);
  return (statement?.attestationRootCertificates ?? []).map(
    (base64) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`,
  );
}

function readAll(certificates: readonly string[]): Certificate[] {
  return certificates.map(readCertificate).filter((one) => one !== null);
}
