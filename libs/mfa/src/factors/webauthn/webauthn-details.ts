import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { AuthenticatorDetails } from '../../engine/authenticators/authenticator-list.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator-role.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaProofFacts } from '../../core/policy/methods.js';
import type { WebAuthnCredentialRole } from './credential-role.js';
import { CredentialStore } from './credential-store.js';
import { KNOWN_PROVIDERS } from './known-providers.js';

/** What lists show of a security key or passkey. */
export interface WebAuthnView {
  /** Who made the authenticator, when that is known. */
  provider?: string;
  /** Whether it signs in without a password. */
  passwordless: boolean;
  /** What it is for. */
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
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async describe(userId: string, rows: readonly Authenticator[]): Promise<ReadonlyMap<string, WebAuthnView>> {
    const views = new Map<string, WebAuthnView>();
    const { credentials } = await this.credentials.findAccount(userId);
    for (const { authenticatorId, aaguid, passwordless, backedUp, transports } of credentials) {
      const provider = (await this.adapter.getAuthenticatorProvider(aaguid)) ?? KNOWN_PROVIDERS[aaguid];
      const isOnly = rows.some(({ id, role }) => id === authenticatorId && role === PASSWORDLESS);
      const role = isOnly ? 'passwordless' : passwordless ? 'both' : 'second_factor';
      const view = { passwordless, role, backedUp, transports } as const;
      views.set(authenticatorId, provider === undefined ? view : { provider, ...view });
    }
    return views;
  }

  async keyFacts(userId: string): Promise<MfaProofFacts[]> {
    const { credentials } = await this.credentials.findAccount(userId);
    return credentials.map(({ backupEligible, attested }) => ({
      backupEligible,
      ...(attested === null ? {} : { attested }),
    }));
  }
}
