import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

import { Authenticator } from './authenticator.entity.js';
import type { MfaUserState } from './mfa-user-state.entity.js';

/** Everything stored for one user except sessions, read in one query. */
export interface Account {
  /** Null if nothing was ever stored for the user, or the row is lost. */
  state: MfaUserState | null;
  /** Oldest first. */
  authenticators: Authenticator[];
}

/** Joins the authenticators (`a`) of the users selected by that alias, in list order. */
export function withAuthenticators<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  alias: string,
): SelectQueryBuilder<T> {
  return inListOrder(query.leftJoinAndSelect(Authenticator, 'a', `a.userId = ${alias}.userId`));
}

/** Sorts authenticators (`a`) as lists show them: oldest first. */
export function inListOrder<T extends ObjectLiteral>(query: SelectQueryBuilder<T>): SelectQueryBuilder<T> {
  return (
    query
      .orderBy('a.createdAt')
      // Recovery codes are created at the same time as the first factor, whatever its type is called, and sort after it.
      .addOrderBy('CASE WHEN a.remaining IS NULL THEN 0 ELSE 1 END')
      .addOrderBy('a.type', 'DESC')
  );
}

/** Builds the account of the single user the rows belong to. */
export function accountOf(rows: readonly { u: MfaUserState | null; a: Authenticator | null }[]): Account {
  return {
    state: rows[0]?.u ?? null,
    authenticators: rows.map(({ a }) => a).filter((one) => one !== null),
  };
}
