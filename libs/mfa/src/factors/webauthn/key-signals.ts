import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { CredentialStore } from './credential-store.js';
import { RelyingParty } from './relying-party.js';

/** Arguments for the signal methods of `PublicKeyCredential`. */
export interface WebAuthnSignals {
  allAcceptedCredentials: { rpId: string; userId: string; allAcceptedCredentialIds: string[] };
  currentUserDetails: { rpId: string; userId: string; name: string; displayName: string };
}

/** Tells browsers about a user's keys, so that they don't offer deleted ones (WebAuthn Level 3, section 5.1.10). */
@Injectable()
export class KeySignals {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws {MfaException} `not_found` if the user never had a key */
  async of(user: MfaUser): Promise<WebAuthnSignals> {
    const rpId = (await this.rp.entity()).id;
    const { userHandle, credentials } = await this.credentials.findAccount(userIdOf(user));
    if (!userHandle) throw new MfaException('not_found');
    const { id, name, displayName } = await this.adapter.getPublicKeyCredentialUserEntity(user, userHandle);
    const allAcceptedCredentialIds = credentials.map(({ credentialId }) => credentialId);
    return {
      allAcceptedCredentials: { rpId, userId: id, allAcceptedCredentialIds },
      currentUserDetails: { rpId, userId: id, name, displayName },
    };
  }
}
