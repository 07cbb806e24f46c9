/** The name that somebody wants to sign up with. */
export interface MfaSignUpName {
  /** The account's name: an address, or a name that they chose. The passkey is listed under it. */
  name: string;
  /** Default: the name. */
  displayName?: string | undefined;
}

/** A sign-up whose ceremony has succeeded. */
export interface MfaSignUp extends MfaSignUpName {
  displayName: string;
  /** The other fields of the application's form, as sent. None of them are checked. */
  fields: Readonly<Record<string, unknown>>;
}
