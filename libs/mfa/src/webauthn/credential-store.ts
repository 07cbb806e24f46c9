import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The claim that is lost when somebody has registered this credential id already. */
export const NEW_CREDENTIAL_CLAIM = 'webauthn-credential';

/** The claim that is lost when the counter did not go on, or the credential is gone. */
export const COUNTER_CLAIM = 'webauthn-counter';

/** The table of credential records. */
@Injectable()
export class CredentialStore {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async findByUser(userId: string): Promise<WebAuthnCredential[]> {
    return this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(WebAuthnCredential, 'c')
        .where('c.userId = :userId', { userId })
        .orderBy('c.authenticatorId')
        .getMany(),
    );
  }

  /** The record of that credential id, whoever it belongs to. */
  async findByCredentialId(credentialId: string): Promise<WebAuthnCredential | null> {
    return this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(WebAuthnCredential, 'c')
        .where('c.credentialIdHash = :hash', { hash: hashCredentialId(credentialId) })
        .getOne(),
    );
  }

  /** Registers it, unless its id belongs to somebody already (WebAuthn Level 3, section 7.1, step 26). */
  planInsertion(credential: Omit<WebAuthnCredential, 'credentialIdHash' | 'authenticator'>): Write {
    return {
      claim: NEW_CREDENTIAL_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(WebAuthnCredential)
        .values({ ...credential, credentialIdHash: hashCredentialId(credential.credentialId) })
        .orIgnore()
        .updateEntity(false),
    };
  }

  /**
   * Updates the record after a use (section 7.2, step 24).
   *
   * @param strict whether the counter must have gone on; two parallel uses with one counter are a clone as well
   */
  claimUse(
    { authenticatorId }: WebAuthnCredential,
    {
      signCount,
      backedUp,
      uvInitialized,
    }: Pick<WebAuthnCredential, 'signCount' | 'backedUp' | 'uvInitialized'>,
    strict: boolean,
  ): Write {
    const condition = strict ? ' AND (sign_count < :signCount OR (sign_count = 0 AND :signCount = 0))' : '';
    return {
      claim: COUNTER_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(WebAuthnCredential)
        .set({ signCount, backedUp, uvInitialized })
        .where(`authenticator_id = :authenticatorId${condition}`, { authenticatorId, signCount }),
    };
  }
}

function hashCredentialId(credentialId: string): string {
  return createHash('sha256').update(Buffer.from(credentialId, 'base64url')).digest('hex');
}
