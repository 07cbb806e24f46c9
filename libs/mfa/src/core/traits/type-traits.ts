/** The profiles of the option `profile` that restrict which factors are allowed. */
export type RestrictingProfile = 'aal2' | 'strict' | 'aal3';

/** The `amr` values of a proof, by what is known about its key. */
export interface AmrOfKeys {
  /** It is in hardware that it can't leave. */
  hardware: readonly string[];
  /** It can be synced to other devices. */
  synced: readonly string[];
  /** Neither is known. */
  unknown: readonly string[];
}

/** What kind of factor it is. A type has the same traits everywhere in a process. */
export interface TypeTraits {
  /** 1 to 20 characters: `a` to `z`, digits, `_`. */
  type: string;
  /** What a session records when the factor is proven. Default: the type. */
  method?: string;
  /** Whether having one makes a user *enrolled*, or it only stands in for a lost factor. Default: `second_factor`. */
  role?: 'second_factor' | 'backup';
  /** Whether its proofs can't be relayed by a look-alike site (NIST SP 800-63B-4, section 3.2.5). Default: false. */
  phishingResistant?: boolean;
  /**
   * Whether its proofs show how they were made: user verified, bound to the device, attested (`MfaProofFacts`). Default: false.
   */
  showsFacts?: boolean;
  /**
   * The `amr` values of access tokens (RFC 8176, section 2), by key if they depend on what is known about it. Default: the
   * method.
   */
  amr?: readonly string[] | AmrOfKeys;
  /**
   * The `amr` values that prove this type in tokens of any issuer; for a phishing-resistant type only together with the `acr`
   * `phr` or `phrh` (OpenID EAP ACR Values 1.0). Default: none. The claim `mfa_proofs` names the type in any case.
   */
  readFromAmr?: readonly string[];
  /**
   * Whether each proof has a step greater than the last (`MfaFactorProof.step`). Several right codes in a row can then unlock
   * the factor (`rateLimit.unlock`). Default: false.
   */
  steps?: boolean;
  /**
   * Where the data is that verifies a proof: in the row that every authenticator has, which is then sealed, or in the factor's
   * own tables, which must then protect it themselves. In the latter case the data in the row is no secret and is stored as it
   * is. Default: `authenticator`.
   */
  judgedBy?: 'authenticator' | 'own_tables';
  /**
   * The channel its codes are sent over, such as `email`. It is no second factor if the first factor came over the same
   * channel.
   */
  channel?: string;
  /** The profiles that refuse it. Default: none. */
  refusedBy?: readonly RestrictingProfile[];
  /** Whether a stronger factor must be offered next to it (a restricted authenticator, NIST SP 800-63B-4, section 3.2.9). */
  restricted?: boolean;
  /** How many of them a user may have, 1 to 20. Default: 1. */
  maxPerUser?: number;
  /** The name of an authenticator that neither the user nor the adapter has named. Default: the type. */
  label?: string;
  /** The name of this kind of factor on pages and in mails, by language, such as `{ de: 'TAN-Liste' }`. Default: the label. */
  labels?: Readonly<Record<string, string>>;
}

/** The additional traits of a built-in factor, whose options and texts are among the module's own. */
export interface BuiltInTraits extends TypeTraits {
  /** The group of options without which the factor is unavailable. */
  needsOption?: string;
  /** The page text with the name of this kind of factor. */
  text: string;
  /** The page text for a proof by it. Default: {@link text}. */
  methodText?: string;
}
