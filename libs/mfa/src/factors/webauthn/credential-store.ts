import { createHash } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { PreparedRead } from '../../storage/prepared-statements.js';
import { MfaUserState } from '../../engine/rows/mfa-user-state.entity.js';
import type { VerifiedAssertion } from './verify-assertion.js';
import { isGenuineCredential, sealCredential } from './credential-seal.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The claim that fails if this credential ID is already registered. */
export const NEW_CREDENTIAL_CLAIM = 'webauthn-credential';

/** The claim that fails if the counter didn't increase, or the credential is gone. */
export const COUNTER_CLAIM = 'webauthn-counter';

/** The claim that fails if the user was given another handle in the meantime. */
export const HANDLE_CLAIM = 'webauthn-handle';

/** A user's WebAuthn account. */
export interface WebAuthnAccount {
  /** Null before the first key is registered. */
  userHandle: string | null;
  credentials: WebAuthnCredential[];
}

const ACCOUNT: PreparedRead<{ u: MfaUserState; c: WebAuthnCredential }> = {
  entities: { u: MfaUserState, c: WebAuthnCredential },
  parameters: ['userId'],
  build: (dataSource, parameters) =>
    dataSource
      .createQueryBuilder(MfaUserState, 'u')
      .leftJoinAndMapMany('u.credentials', WebAuthnCredential, 'c', 'c.userId = u.userId')
      .where('u.userId = :userId')
      .orderBy('c.authenticatorId')
      .setParameters(parameters),
};

const BY_CREDENTIAL_ID: PreparedRead<{ c: WebAuthnCredential }> = {
  entities: { c: WebAuthnCredential },
  parameters: ['hash'],
  build: (dataSource, parameters) =>
    dataSource
      .createQueryBuilder(WebAuthnCredential, 'c')
      .where('c.credentialIdHash = :hash')
      .setParameters(parameters),
};

/** The table of credential records. */
@Injectable()
export class CredentialStore {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  /** The user's handle and credentials, in one query. Without a user state row there are neither. */
  async findAccount(userId: string): Promise<WebAuthnAccount> {
    const rows = await this.storage.read((reader) => reader.rows(ACCOUNT, { userId }));
    return {
      userHandle: rows[0]?.u?.userHandle ?? null,
      credentials: rows.map(({ c }) => c).filter((one) => one !== null),
    };
  }

  /** Gives the user this handle, unless they have a different one: a user's handle never changes (section 14.6.1). */
  claimHandle(userId: string, userHandle: string): Write {
    return {
      claim: HANDLE_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ userHandle })
        .where('user_id = :userId AND (user_handle IS NULL OR user_handle = :userHandle)', {
          userId,
          userHandle,
        }),
    };
  }

  /** Finds the record of a credential ID, whoever it belongs to. */
  async findByCredentialId(credentialId: string): Promise<WebAuthnCredential | null> {
    const hash = hashCredentialId(credentialId);
    const [row] = await this.storage.read((reader) => reader.rows(BY_CREDENTIAL_ID, { hash }));
    return row?.c ?? null;
  }

  /** Whether the record is unchanged since registration, and may verify an assertion. */
  isGenuine(credential: WebAuthnCredential): boolean {
    return isGenuineCredential(this.keyRing, credential);
  }

  /** Registers the credential, unless its ID already belongs to somebody (WebAuthn Level 3, section 7.1, step 26). */
  planInsertion(
    credential: Omit<WebAuthnCredential, 'credentialIdHash' | 'authenticator' | 'modelRejectedAt' | 'seal'>,
  ): Write {
    return {
      claim: NEW_CREDENTIAL_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(WebAuthnCredential)
        .values({
          ...credential,
          credentialIdHash: hashCredentialId(credential.credentialId),
          seal: sealCredential(this.keyRing, credential),
        })
        .orIgnore(),
    };
  }

  /**
   * Updates the record after a use (section 7.2, step 24).
   *
   * @param strict whether the counter must have increased; two parallel uses with the same counter also mean a clone
   */
  claimUse(
    credential: WebAuthnCredential,
    { signCount, backupEligible, backedUp, userVerified }: VerifiedAssertion,
    strict: boolean,
  ): Write {
    const { authenticatorId, backupEligible: wasEligible } = credential;
    // Once it was syncable it may be anywhere, whatever it reports later, and no concurrent use may undo that.
    const everEligible = wasEligible || backupEligible;
    const condition = strict ? ' AND (sign_count < :signCount OR (sign_count = 0 AND :signCount = 0))' : '';
    return {
      claim: COUNTER_CLAIM,
      query: this.storage.statements.update(
        WebAuthnCredential,
        {
          signCount,
          backupEligible: everEligible,
          backedUp,
          uvInitialized: credential.uvInitialized || userVerified,
          // If a change of the eligibility is accepted, the record has to be genuine with the new value.
          seal: sealCredential(this.keyRing, { ...credential, backupEligible: everEligible }),
        },
        `authenticator_id = :authenticatorId AND backup_eligible = :wasEligible${condition}`,
        { authenticatorId, wasEligible, signCount },
      ),
    };
  }
}

function hashCredentialId(credentialId: string): string {
  return createHash('sha256').update(Buffer.from(credentialId, 'base64url')).digest('hex');
}
