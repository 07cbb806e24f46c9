import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { findExactUser } from '../../core/users/mfa-user.js';
import { MfaJournal, nameAuthenticator } from '../../engine/journal/mfa-journal.js';
import { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Rejection } from './metadata/authenticator-model.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The claim that fails if another instance has reported this key, or it is gone. */
const REPORT_CLAIM = 'webauthn-model-report';

type CredentialOfAuthenticator = WebAuthnCredential & { authenticator: Authenticator };

/**
 * Reports keys whose model has since received a status for which it is rejected: one event and one email per key and newer status. It
 * neither locks nor deletes keys, since a user might have nothing else; that decision is the application's.
 */
@Injectable()
export class RevokedModels {
  private readonly logger = new Logger('MfaMetadata');

  constructor(
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Reports the keys of rejected models, in batches. If no model is rejected, the database isn't queried.
   *
   * @returns how many keys were reported
   */
  async report(source: MfaEventSource = APPLICATION_SOURCE): Promise<number> {
    const rejected = this.models.rejectedModels();
    if (rejected.aaguids.length === 0 && !rejected.hasOthers) return 0;
    let reported = 0;
    let page = await this.keysAfter('', rejected);
    while (page.length > 0) {
      for (const credential of page) if (await this.reportOne(credential, source)) reported += 1;
      page = await this.keysAfter((page.at(-1) as WebAuthnCredential).authenticatorId, rejected);
    }
    return reported;
  }

  private async reportOne(credential: CredentialOfAuthenticator, source: MfaEventSource): Promise<boolean> {
    const rejection = this.models.rejectionOf(credential);
    if (!rejection || !isNews(rejection, credential)) return false;
    const { aaguid, authenticator } = credential;
    const data = {
      authenticator: nameAuthenticator(authenticator),
      aaguid,
      model: this.models.find(credential)?.name ?? null,
      status: rejection.status,
      since: rejection.since === 0 ? null : new Date(rejection.since).toISOString(),
    };
    try {
      const user = await this.userOf(credential.userId);
      const { committed } = await this.journal.commit([this.claimReport(credential, rejection)], {
        user,
        source,
        events: [{ type: 'mfa.authenticator.model_revoked', data }],
      });
      return committed;
    } catch (error) {
      // The next run retries this one; the others are reported now.
      const reason = messageOf(error);
      this.logger.error(
        `Could not report that the model of authenticator ${authenticator.id} is revoked: ${reason}`,
      );
      return false;
    }
  }

  /** If several instances see the same status, only one reports it. */
  private claimReport({ authenticatorId }: WebAuthnCredential, { since }: Rejection): Write {
    return {
      claim: REPORT_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(WebAuthnCredential)
        .set({ modelRejectedAt: new Date(since) })
        .where(
          'authenticator_id = :authenticatorId AND (model_rejected_at IS NULL OR model_rejected_at < :since)',
          { authenticatorId, since },
        ),
    };
  }

  private async keysAfter(
    last: string,
    { aaguids, hasOthers }: ReturnType<ModelMetadata['rejectedModels']>,
  ): Promise<CredentialOfAuthenticator[]> {
    // Some models are identified by their attestation keys, stored as a list that no engine can search.
    const named = aaguids.length > 0 ? 'c.aaguid IN (:...aaguids)' : '1 = 0';
    const others = hasOthers ? ' OR c.attestationKeys IS NOT NULL' : '';
    return this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(WebAuthnCredential, 'c')
        .innerJoinAndSelect('c.authenticator', 'a')
        .where('c.authenticatorId > :last', { last })
        .andWhere(`(${named}${others})`, { aaguids })
        .orderBy('c.authenticatorId')
        .limit(this.options.retention.batchSize)
        .getMany(),
    ) as Promise<CredentialOfAuthenticator[]>;
  }

  /** The user as the application knows them, or just their ID if they are gone there. */
  private async userOf(userId: string): Promise<MfaUser> {
    return (await findExactUser(this.adapter, userId)) ?? { id: userId };
  }
}

function isNews({ since }: Rejection, { modelRejectedAt }: WebAuthnCredential): boolean {
  return modelRejectedAt === null || modelRejectedAt.getTime() < since;
}
