import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter, PublicKeyCredentialRpEntity } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { readHeader } from '../../core/web/http-message.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { ResolvedWebAuthnOptions, WebAuthnHint } from '../../options/webauthn-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** The relying party: its identity, and the origins of its ceremonies. It never trusts a header. */
@Injectable()
export class RelyingParty {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly mfaOptions: ResolvedMfaOptions,
  ) {}

  /** @throws {MfaException} `not_found` if WebAuthn is not configured */
  get options(): ResolvedWebAuthnOptions {
    if (!this.mfaOptions.webauthn) throw new MfaException('not_found');
    return this.mfaOptions.webauthn;
  }

  /** @throws {MfaException} `not_found` if WebAuthn is not configured */
  async entity(): Promise<PublicKeyCredentialRpEntity> {
    if (!this.mfaOptions.webauthn) throw new MfaException('not_found');
    return this.adapter.getPublicKeyCredentialRpEntity();
  }

  /** The configured origin that this request names, else the first web origin. For display only; no decision depends on it. */
  originFor(request?: object): string {
    const { origins } = this.options;
    const named = request && readHeader(request, 'origin');
    return origins.find((origin) => origin === named) ?? origins.find(isOfTheWeb) ?? (origins[0] as string);
  }

  /** The hints for the options of a ceremony; none if the application has no preference. */
  hints(): { hints?: WebAuthnHint[] } {
    const { hints } = this.options;
    return hints.length > 0 ? { hints: [...hints] } : {};
  }

  /** Origins outside the relying party's own domain (WebAuthn Level 3, section 5.11). */
  relatedOrigins(): string[] {
    const { rpId, origins } = this.options;
    return origins.filter(isOfTheWeb).filter((origin) => {
      const { hostname } = new URL(origin);
      return hostname !== rpId && !hostname.endsWith(`.${rpId}`);
    });
  }
}

/** Apps and browser extensions also have origins, but no pages. */
const isOfTheWeb = (origin: string): boolean => /^https?:/.test(origin);
