import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { EventSource } from '../events/event-source.js';
import { nameAuthenticator } from '../events/mfa-event.js';
import { MfaJournal } from '../events/mfa-journal.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { Authenticator } from './authenticator.entity.js';
import { AUTHENTICATOR_CLAIM, AuthenticatorsService } from './authenticators.service.js';

/** Gives an authenticator another name. */
@Injectable()
export class RenameAuthenticatorFlow {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @throws {MfaException} `not_found` */
  async rename(user: MfaUser, id: string, name: string, source: EventSource): Promise<Authenticator> {
    const userId = userIdOf(user);
    const row = (await this.authenticators.find(userId)).find((one) => one.id === id);
    if (!row) throw new MfaException('not_found');
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(Authenticator)
      .set({ name })
      .where('id = :id AND user_id = :userId', { id, userId });
    const renamed = Object.assign(new Authenticator(), row, { name });
    const authenticator = nameAuthenticator(renamed);
    const { committed } = await this.journal.commit([{ claim: AUTHENTICATOR_CLAIM, query }], {
      user,
      source,
      events: [{ type: 'mfa.authenticator.renamed', data: { authenticator, formerName: row.name } }],
    });
    if (!committed) throw new MfaException('not_found');
    return renamed;
  }
}
