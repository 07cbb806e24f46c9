import { Inject, Injectable } from '@nestjs/common';

import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Account } from '../rows/account.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { Authenticator } from '../rows/authenticator.entity.js';

type Row = MfaUserState & { authenticators: Authenticator[] };

/** Reads what is kept of a user. The row of the user's state is made before any authenticator, so it leads to them. */
@Injectable()
export class AccountsService {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async find(userId: string): Promise<Account> {
    const row = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(MfaUserState, 'u')
        .leftJoinAndMapMany('u.authenticators', Authenticator, 'a', 'a.userId = u.userId')
        .where('u.userId = :userId', { userId })
        .orderBy('a.createdAt')
        // Recovery codes are made in the same moment as the first factor, and come after it.
        .addOrderBy('a.type', 'DESC')
        .getOne(),
    );
    return { state: row, authenticators: (row as Row | null)?.authenticators ?? [] };
  }
}
