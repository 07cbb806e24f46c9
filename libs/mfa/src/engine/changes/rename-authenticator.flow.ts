import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { nameAuthenticator } from '../journal/mfa-journal.js';
import type { MfaRequest } from '../rows/mfa-request.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import { AUTHENTICATOR_CLAIM } from '../authenticators/authenticators.service.js';
import type { FactorState, PlannedChange } from './factor-change.js';
import { FactorChange } from './factor-change.js';

/** Renames an authenticator. */
@Injectable()
export class RenameAuthenticatorFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
  ) {}

  /** @throws {MfaException} `not_found`, and the codes of {@link FactorChange.run} */
  async rename(user: MfaUser, id: string, name: string, context?: MfaRequest): Promise<Authenticator> {
    return this.change.run(user, { context }, (state) => Promise.resolve(this.plan(id, name, state)));
  }

  private plan(
    id: string,
    name: string,
    { userId, authenticators }: FactorState,
  ): PlannedChange<Authenticator> {
    const row = authenticators.find((one) => one.id === id);
    if (!row) throw new MfaException('not_found');
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(Authenticator)
      .set({ name })
      .where('id = :id AND user_id = :userId', { id, userId });
    const renamed = Object.assign(new Authenticator(), row, { name });
    const data = { authenticator: nameAuthenticator(renamed), formerName: row.name };
    return {
      keepsFactors: true,
      writes: [{ claim: AUTHENTICATOR_CLAIM, query }],
      events: [{ type: 'mfa.authenticator.renamed', data }],
      onLost: { [AUTHENTICATOR_CLAIM]: 'not_found' },
      result: renamed,
    };
  }
}
