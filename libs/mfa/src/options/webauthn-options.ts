import { readCertificateList } from './certificate-list.js';
import { metadata } from './metadata-options.js';
import type { GivenOf, KeptOf, OptionScope } from './option.js';
import { choice, special, text, toggle } from './option.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';

const RP_ID = /^(?!\d+(?:\.\d+){3}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
/** What Android apps and browser extensions send instead of a web origin; compared literally. */
const APP_ORIGIN =
  /^(?:android:apk-key-hash(?:-sha256)?:[\w+/-]+={0,2}|(?:chrome|moz|safari-web)-extension:\/\/[\w-]+)$/;
const AAGUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Kinds of authenticators that browsers can offer first: a security key, this device, or another one such as a phone. */
export const WEBAUTHN_HINTS = ['security-key', 'client-device', 'hybrid'] as const;
export type WebAuthnHint = (typeof WEBAUTHN_HINTS)[number];

const ONLY_REJECT = '`strict` and `aal3` `reject`';

/** The options of security keys and passkeys. */
export const WEBAUTHN_OPTIONS = {
  /** The relying party ID: the site's domain without scheme and port (WebAuthn Level 3, section 4). */
  rpId: text('', RP_ID, 'a domain in lower case, without scheme and port', 'required in production'),
  /** The site's name, shown by some authenticators. */
  rpName: text('', /^(?=.*\S)[^\p{Cc}]{1,100}$/u, 'a name of 1 to 100 characters', 'required in production'),
  /**
   * The exact origins on which ceremonies may run, such as `https://app.example.com`. Android apps (`android:apk-key-hash:…`) and browser
   * extensions (`chrome-extension://…`) are listed as they identify themselves.
   */
  origins: special<string[]>({
    kind: 'list',
    usual: 'required in production',
    range: 'exact origins',
    // Checked later, together with `allowInsecureOrigin`.
    read: (_name, value) => (Array.isArray(value) ? (value as string[]) : []),
  }),
  /** Whether `http://localhost` is allowed. */
  allowInsecureOrigin: toggle(false),
  /** Whether keys have to verify their user with a PIN or biometrics. */
  userVerification: choice<'preferred' | 'required' | 'discouraged'>(
    ['preferred', 'required', 'discouraged'],
    ({ preset }) => preset.userVerification,
    '`aal2` not `discouraged`, `strict` and `aal3` `required`',
  ),
  /**
   * Whether authenticators have to attest what they are. With `direct` or `enterprise`, registrations without an attestation are refused.
   * With roots or AAGUIDs, the attestation's certificates must also chain to a root.
   */
  attestation: choice(['none', 'indirect', 'direct', 'enterprise']),
  /** Root certificates (PEM) that a key's attestation must chain to; needs `attestation` `direct` or `enterprise`. */
  attestationRoots: special<string[]>({
    kind: 'list',
    usual: 'none',
    range: 'certificates in PEM',
    read: (name, value, problems) => readCertificateList<string>(name, value, problems, 'PEM'),
  }),
  /**
   * Models of authenticators that may be registered. Only a chain to a root proves the model, so this needs `attestationRoots` or
   * `metadata`.
   */
  allowedAaguids: special<string[], string[] | null>({
    kind: 'list',
    usual: 'any',
    range: 'AAGUIDs',
    read: (name, value, problems) => readAaguids(name, value, problems),
  }),
  /**
   * What FIDO's Metadata Service knows about models (docs/webauthn.md). Attestation is verified against it, and keys of models that are
   * revoked later are reported. With `attestation` `direct` or `enterprise`, only models listed in it can be registered.
   */
  metadata,
  /**
   * What happens if a key's signature counter goes backwards. `reject`: the key is refused and locked until an administrator unlocks it.
   * `report`: the user is only notified. Counters of syncable keys never count.
   */
  signCount: choice<'reject' | 'report'>(
    ['reject', 'report'],
    ({ preset }) => preset.suspicions,
    ONLY_REJECT,
  ),
  /**
   * What happens if a key is syncable now but wasn't at registration, or the other way round. `reject`: it is refused, with an event and
   * a message that explains why. `report`: it is accepted, and treated as what it is now (WebAuthn Level 3, section 7.2, step 19).
   */
  backupEligibilityChange: choice<'reject' | 'report'>(
    ['reject', 'report'],
    ({ preset }) => preset.suspicions,
    ONLY_REJECT,
  ),
  /** Which kinds of authenticators browsers offer first, in order of preference (WebAuthn Level 3, section 5.8.7). None are refused. */
  hints: special<WebAuthnHint[], readonly WebAuthnHint[]>({
    kind: 'list',
    usual: 'none',
    range: WEBAUTHN_HINTS.map((hint) => `\`${hint}\``).join(', '),
    read: (name, value, problems) => readHints(name, value, problems),
  }),
};

export interface WebAuthnOptions extends GivenOf<typeof WEBAUTHN_OPTIONS> {}
export type ResolvedWebAuthnOptions = Readonly<Omit<KeptOf<typeof WEBAUTHN_OPTIONS>, 'allowInsecureOrigin'>>;

/** Checks the options against each other. */
export function checkWebAuthn(
  { allowInsecureOrigin, attestation, attestationRoots, metadata: models }: KeptOf<typeof WEBAUTHN_OPTIONS>,
  problems: Problems,
  { profile, nodeEnv }: OptionScope,
  _name: string,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const name of ['rpId', 'rpName', 'origins']) {
    if (given[name] === undefined) problems.add(`\`webauthn.${name}\` is required when \`webauthn\` is set`);
  }
  if (allowInsecureOrigin && profile !== 'default' && !isDevelopment(nodeEnv)) {
    problems.add(
      `\`webauthn.allowInsecureOrigin\` must be false under profile \`${profile}\`, unless NODE_ENV is \`development\` or \`test\`: there is no authenticated channel without https (NIST SP 800-63B-4, section 5.1)`,
    );
  }
  if (given['origins'] !== undefined) checkOrigins(given['origins'], allowInsecureOrigin, problems);
  if (attestationRoots.length > 0 && attestation !== 'direct' && attestation !== 'enterprise') {
    problems.add(
      `\`webauthn.attestationRoots\` needs \`webauthn.attestation\` \`direct\` or \`enterprise\`: with \`${attestation}\`, authenticators don't have to attest their model`,
    );
  }
  if (models && attestation === 'none') {
    problems.add(
      '`webauthn.metadata` needs `webauthn.attestation` `direct` or `enterprise`, or `indirect` to register other keys too: with `none`, browsers do not report the model of a key',
    );
  }
}

function checkOrigins(given: unknown, allowInsecure: boolean, problems: Problems): void {
  if (!Array.isArray(given) || given.length === 0) {
    problems.add('`webauthn.origins` must be a list of origins such as https://app.example.com');
    return;
  }
  for (const origin of given as unknown[]) {
    if (typeof origin === 'string' && APP_ORIGIN.test(origin)) continue;
    if (typeof origin === 'string' && origin.includes('*')) {
      problems.add(
        `\`webauthn.origins\` takes no wildcards: list each origin; ${origin} would let in anyone who controls a subdomain there`,
      );
    } else if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      problems.add(
        `\`webauthn.origins\` must contain exact origins such as https://app.example.com; ${String(origin)} is not one`,
      );
    } else if (!isSecure(new URL(origin), allowInsecure)) {
      problems.add(
        `\`webauthn.origins\` must be https; ${origin} is not (\`webauthn.allowInsecureOrigin\` allows http://localhost only)`,
      );
    }
  }
}

function isSecure({ protocol, hostname }: URL, allowInsecure: boolean): boolean {
  return protocol === 'https:' || (allowInsecure && protocol === 'http:' && hostname === 'localhost');
}

function readAaguids(name: string, given: unknown, problems: Problems): string[] | null {
  if (given === undefined) return null;
  const texts = Array.isArray(given) ? given.map((one) => String(one).toLowerCase()) : [];
  if (texts.length > 0 && texts.every((one) => AAGUID.test(one))) return texts;
  problems.add(`\`${name}\` must be a list of AAGUIDs; leave it out to allow any`);
  return null;
}

function readHints(name: string, given: unknown, problems: Problems): readonly WebAuthnHint[] {
  if (given === undefined) return [];
  const hints = Array.isArray(given) ? (given as WebAuthnHint[]) : [];
  const isFit = hints.length > 0 && new Set(hints).size === hints.length;
  if (isFit && hints.every((hint) => WEBAUTHN_HINTS.includes(hint))) return hints;
  problems.add(`\`${name}\` must be a list of ${WEBAUTHN_HINTS.join(', ')}, each at most once`);
  return [];
}
