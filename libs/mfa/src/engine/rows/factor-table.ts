import type { MfaType } from '../../core/policy/methods.js';

/**
 * A table in which a factor keeps rows of its own: how they belong to a user, and what is to be done with them. Names are those of
 * the entity's properties; `satisfies MfaFactorTable<Row>` lets the compiler check them, and the boot does.
 */
// The entity of a list of several is any.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export interface MfaFactorTable<Row extends object = any> {
  /** Its entity, which the module adds to those of its DataSource. Its migrations are the application's. */
  entity: new () => Row;
  /** Whose row it is: the id of the user, as text. Default: nobody's, as of a nonce that was used; such a table can only expire. */
  userId?: keyof Row & string;
  /**
   * The authenticator with which the row goes, in the same commit. Default: it goes with the user's last authenticator of the factor.
   */
  authenticatorId?: keyof Row & string;
  /** What tells its rows apart. Default: the primary key, if that is one column. */
  key?: keyof Row & string;
  /**
   * What `this.mfa.encrypt()` has made: it is encrypted anew when the secret is replaced, and what no secret opens is discarded. A
   * text that is in no envelope is left as it is. Default: nothing.
   */
  encrypted?: readonly (keyof Row & string)[];
  /** Until when the row counts: a `Date`, or milliseconds since 1970. It is removed some time later. Default: it does not expire. */
  expiresAt?: keyof Row & string;
  /** What users are given of it who ask for their data; never a secret, nor what one could be computed from. Default: nothing. */
  exported?: readonly (keyof Row & string)[];
}

/** What the envelopes in that column of a table of the factor's own are bound to, besides user and row. */
export function purposeOfColumn(type: MfaType, column: string): string {
  return `${type}:${column}`;
}
