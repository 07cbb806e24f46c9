import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import type { PreparedRead } from '../../storage/prepared-statements.js';
import type { Account } from '../rows/account.js';
import { accountOf, inListOrder } from '../rows/account.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';

/** The ids of users with rows of that entity: none, or the one that is asked for. */
function ownersOf(dataSource: DataSource, entity: new () => { userId: string }): string {
  return dataSource
    .createQueryBuilder(entity, 'o')
    .select('o.userId', 'user_id')
    .where('o.userId = :userId')
    .getQuery();
}

const ACCOUNT: PreparedRead<{ u: MfaUserState; a: Authenticator }> = {
  entities: { u: MfaUserState, a: Authenticator },
  parameters: ['userId'],
  build: (dataSource, parameters) => {
    const owners = [MfaUserState, Authenticator].map((entity) => ownersOf(dataSource, entity));
    return inListOrder(
      dataSource
        .createQueryBuilder()
        .from(`(${owners.join(' UNION ')})`, 'k')
        .leftJoinAndSelect(MfaUserState, 'u', 'u.userId = k.user_id')
        .leftJoinAndSelect(Authenticator, 'a', 'a.userId = k.user_id'),
    ).setParameters(parameters);
  },
};

/**
 * Reads what is stored for a user. The row of the user's state is created before any authenticator, but doesn't lead to them: if
 * it is lost, as in a restored backup, a user with a second factor still has one.
 */
@Injectable()
export class AccountsService {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async find(userId: string): Promise<Account> {
    return accountOf(await this.storage.read((reader) => reader.rows(ACCOUNT, { userId })));
  }
}
