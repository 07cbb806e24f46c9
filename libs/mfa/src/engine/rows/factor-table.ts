import type { MfaType } from '../../core/policy/methods.js';

/**
 * Declares a table in which a factor keeps its own rows: how they belong to a user, and how to maintain them. Columns are named
 * by the entity's properties; the compiler checks them with `satisfies MfaFactorTable<Row>`, and so does the boot.
 */
// A list of several tables has entities of any type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export interface MfaFactorTable<Row extends object = any> {
  /** The entity, which the module adds to those of its DataSource. Migrations are up to the application. */
  entity: new () => Row;
  /**
   * The id, as text, of the user the row belongs to. Default: none, as for used nonces; rows of such a table can only expire.
   */
  userId?: keyof Row & string;
  /**
   * The id of the authenticator that the row is removed with, in the same commit. Default: the row is removed with the user's
   * last authenticator of the factor, also if another one replaces it.
   */
  authenticatorId?: keyof Row & string;
  /** What identifies a row. Default: the primary key, if it is a single column. */
  key?: keyof Row & string;
  /**
   * Columns with the results of `this.mfa.encrypt()`. They are re-encrypted when the secret is replaced, and discarded if no
   * secret decrypts them. Text that isn't in an envelope is left alone. Default: none.
   */
  encrypted?: readonly (keyof Row & string)[];
  /**
   * When the row expires, as a `Date` or in milliseconds since 1970. It is removed some time later. Default: it doesn't expire.
   */
  expiresAt?: keyof Row & string;
  /**
   * Columns to include when users ask for their data. Never include a secret, or anything a secret could be computed from.
   * Default: none.
   */
  exported?: readonly (keyof Row & string)[];
}

/** What envelopes in that column of a factor's own table are bound to, besides user and row. */
export function purposeOfColumn(type: MfaType, column: string): string {
  return `${type}:${column}`;
}
