import { Inject, Injectable } from '@nestjs/common';

import { MfaStorage } from '../../storage/mfa-storage.js';
import type { PreparedRead } from '../../storage/prepared-statements.js';
import type { Account } from '../rows/account.js';
import { accountOf, withAuthenticators } from '../rows/account.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';

const ACCOUNT: PreparedRead<{ u: MfaUserState; a: Authenticator }> = {
  entities: { u: MfaUserState, a: Authenticator },
  parameters: ['userId'],
  build: (dataSource, parameters) =>
    withAuthenticators(dataSource.createQueryBuilder(MfaUserState, 'u'), 'u')
      .where('u.userId = :userId')
      .setParameters(parameters),
};

/** Reads what is stored for a user. The row of the user's state is created before any authenticator, so it leads to them. */
@Injectable()
export class AccountsService {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async find(userId: string): Promise<Account> {
    return accountOf(await this.storage.read((reader) => reader.rows(ACCOUNT, { userId })));
  }
}
