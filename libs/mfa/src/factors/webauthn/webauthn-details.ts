import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { AuthenticatorDetails } from '../../engine/authenticators/authenticator-list.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaProofFacts } from '../../core/policy/methods.js';
import type { WebAuthnCredentialRole } from './credential-role.js';
import { AttestationPolicy } from './attestation-policy.js';
import { CredentialStore } from './credential-store.js';
import { KNOWN_PROVIDERS } from './known-providers.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** How lists show a security key or passkey. */
export interface WebAuthnView {
  /** The authenticator's maker or model, if known. */
  provider?: string;
  /** Whether it signs in without a password. */
  passwordless: boolean;
  /** What the key is for. */
  role: WebAuthnCredentialRole;
  /** Whether it is synced now. */
  backedUp: boolean;
  transports: string[];
}

@Injectable()
export class WebAuthnDetails implements AuthenticatorDetails {
  readonly type = 'webauthn';

  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async describe(userId: string, rows: readonly Authenticator[]): Promise<ReadonlyMap<string, WebAuthnView>> {
    const views = new Map<string, WebAuthnView>();
    const { credentials } = await this.credentials.findAccount(userId);
    for (const credential of credentials) {
      const { authenticatorId, passwordless, backedUp, transports } = credential;
      const provider = await this.providerOf(credential);
      const isOnly = rows.some(({ id, role }) => id === authenticatorId && role === PASSWORDLESS);
      const role = isOnly ? 'passwordless' : passwordless ? 'both' : 'second_factor';
      const view = { passwordless, role, backedUp, transports } as const;
      views.set(authenticatorId, provider === undefined ? view : { provider, ...view });
    }
    return views;
  }

  async keyFacts(userId: string): Promise<MfaProofFacts[]> {
    const { credentials } = await this.credentials.findAccount(userId);
    return credentials.map((credential) => {
      const attested = this.attestation.isAttested(credential);
      return { backupEligible: credential.backupEligible, ...(attested === null ? {} : { attested }) };
    });
  }

  private async providerOf(credential: WebAuthnCredential): Promise<string | undefined> {
    const { aaguid } = credential;
    const named = await this.adapter.getAuthenticatorProvider(aaguid);
    return named ?? this.models.find(credential)?.name ?? KNOWN_PROVIDERS[aaguid];
  }
}
