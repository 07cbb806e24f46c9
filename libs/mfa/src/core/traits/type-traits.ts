/** The profiles of the option `profile` that restrict which factors there may be. */
export type RestrictingProfile = 'aal2' | 'strict' | 'aal3';

/** The `amr` values of a proof by what is known of its key. */
export interface AmrOfKeys {
  /** It sits in hardware that it can't leave. */
  hardware: readonly string[];
  /** It can be synced to other devices. */
  synced: readonly string[];
  /** Neither is known. */
  unknown: readonly string[];
}

/** What kind of factor it is. A type has the same traits wherever it is used in a process. */
export interface TypeTraits {
  /** 1 to 20 characters: `a` to `z`, digits, `_`. */
  type: string;
  /** What a session records when it is proven. Default: the type. */
  method?: string;
  /** Whether having one makes a user *enrolled*, or it only stands in for one that was lost. Default: `second_factor`. */
  role?: 'second_factor' | 'backup';
  /** Whether no look-alike site can relay a proof of it (NIST SP 800-63B-4, section 3.2.5). Default: false. */
  phishingResistant?: boolean;
  /** Whether its proofs show how they were made: user verified, bound to the device, attested (`MfaProofFacts`). Default: false. */
  showsFacts?: boolean;
  /** The `amr` values of access tokens (RFC 8176, section 2), by what is known of the key if they depend on it. Default: the method. */
  amr?: readonly string[] | AmrOfKeys;
  /**
   * The `amr` values by which a token of any issuer shows a proof of this type; of a phishing-resistant one only beside the `acr`
   * `phr` or `phrh` (OpenID EAP ACR Values 1.0). Default: none; the claim `mfa_proofs` names it in any case.
   */
  readFromAmr?: readonly string[];
  /**
   * Whether every proof has a step that is greater than the last (`MfaFactorProof.step`): several right codes in a row open
   * the lock of such a factor (`rateLimit.unlock`). Default: false.
   */
  steps?: boolean;
  /**
   * Where that is which verifies a proof: in the row that all authenticators have, which is sealed then, or in tables of the
   * factor's own, which has to protect them itself: then what it keeps in that row is no secret, and is stored as it is. Default:
   * `authenticator`.
   */
  judgedBy?: 'authenticator' | 'own_tables';
  /** The channel over which its codes come, such as `email`: it is no second factor where the first came over the same one. */
  channel?: string;
  /** The profiles that refuse it. Default: none. */
  refusedBy?: readonly RestrictingProfile[];
  /** Whether a stronger factor has to be offered beside it (a restricted authenticator, NIST SP 800-63B-4, section 3.2.9). */
  restricted?: boolean;
  /** How many of them a user may have, 1 to 20. Default: 1. */
  maxPerUser?: number;
  /** How one of them is called, when neither the user nor the adapter has named it. Default: the type. */
  label?: string;
  /** How its kind is called on pages and in mails, by language, such as `{ de: 'TAN-Liste' }`. Default: the label. */
  labels?: Readonly<Record<string, string>>;
}

/** What is said besides of a factor that comes with the module: its options and texts are among the module's own. */
export interface BuiltInTraits extends TypeTraits {
  /** The group of options without which it is not there. */
  needsOption?: string;
  /** The page text that says how its kind is called. */
  text: string;
  /** The page text for a proof of it. Default: {@link text}. */
  methodText?: string;
}
