import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

import { Authenticator } from './authenticator.entity.js';
import type { MfaUserState } from './mfa-user-state.entity.js';

/** All that is kept of one user but sessions: read together, in one query. */
export interface Account {
  /** Null when nothing was ever kept of the user; then there are no authenticators either. */
  state: MfaUserState | null;
  /** Oldest first. */
  authenticators: Authenticator[];
}

/** Joins the authenticators (`a`) of the users whose id is in that alias, in their order. */
export function withAuthenticators<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  alias: string,
): SelectQueryBuilder<T> {
  return (
    query
      .leftJoinAndMapMany(`${alias}.authenticators`, Authenticator, 'a', `a.userId = ${alias}.userId`)
      .orderBy('a.createdAt')
      // Recovery codes are made in the same moment as the first factor, and come after it.
      .addOrderBy('a.type', 'DESC')
  );
}

/** What is kept of the one user whom the rows are of. */
export function accountOf(rows: readonly { u: MfaUserState | null; a: Authenticator | null }[]): Account {
  return {
    state: rows[0]?.u ?? null,
    authenticators: rows.map(({ a }) => a).filter((one) => one !== null),
  };
}
