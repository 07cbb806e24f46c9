/** Who wants to sign up, as they call themselves. */
export interface MfaSignUpName {
  /** What the account is called: an address, or a name that they chose. The passkey is listed under it. */
  name: string;
  /** Default: the name. */
  displayName?: string | undefined;
}

/** A sign-up whose ceremony is done. */
export interface MfaSignUp extends MfaSignUpName {
  displayName: string;
  /** What the form of the application has besides, as it was sent: nothing of it is checked. */
  fields: Readonly<Record<string, unknown>>;
}
