import { readCertificate } from '../core/crypto/certificates.js';
import type { MfaBehaviourOptions, WebAuthnHint } from './mfa-options.js';
import { WEBAUTHN_HINTS } from './mfa-options.js';
import type { Problems } from './problems.js';
import { PROFILES } from './profiles.js';
import type { ResolvedMfaOptions, ResolvedWebAuthnOptions } from './resolved-options.js';

const RP_ID = /^(?!\d+(?:\.\d+){3}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
/** What Android apps and browser extensions send in place of an origin of the web; compared as it is. */
const APP_ORIGIN =
  /^(?:android:apk-key-hash(?:-sha256)?:[\w+/-]+={0,2}|(?:chrome|moz|safari-web)-extension:\/\/[\w-]+)$/;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const AAGUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The WebAuthn options; null when WebAuthn is not offered and not configured. */
export function resolveWebAuthn(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  isRequired: boolean,
): ResolvedWebAuthnOptions | null {
  if (options.webauthn === undefined) {
    if (isRequired) {
      problems.add(
        '`webauthn.rpId`, `webauthn.rpName` and `webauthn.origins` are required: give them, or leave `webauthn` out of `supportedTypes` (where NODE_ENV is `development` it may wait)',
      );
    }
    return null;
  }
  const webauthn = problems.group('webauthn', options.webauthn);
  problems.onlyKnown('webauthn.', webauthn, [
    'rpId',
    'rpName',
    'origins',
    'allowInsecureOrigin',
    'userVerification',
    'attestation',
    'attestationRoots',
    'allowedAaguids',
    'signCount',
    'backupEligibilityChange',
    'hints',
  ]);
  for (const name of ['rpId', 'rpName', 'origins']) {
    if (webauthn[name] === undefined) problems.add(`\`webauthn.${name}\` is required with \`webauthn\``);
  }
  const verification = PROFILES[profile].userVerification;
  const allowInsecure = problems.boolean(
    'webauthn.allowInsecureOrigin',
    webauthn['allowInsecureOrigin'],
    false,
  );
  const attestation = problems.oneOf('webauthn.attestation', webauthn['attestation'], 'none', [
    'none',
    'indirect',
    'direct',
    'enterprise',
  ]);
  return {
    rpId: problems.text(
      'webauthn.rpId',
      webauthn['rpId'],
      '',
      RP_ID,
      'a domain in lower case, without scheme and port',
    ),
    rpName: problems.text(
      'webauthn.rpName',
      webauthn['rpName'],
      '',
      /^[^\p{Cc}]{1,100}$/u,
      'a name of 1 to 100 characters',
    ),
    origins: resolveOrigins(problems, webauthn['origins'], allowInsecure),
    userVerification: problems.oneOf(
      'webauthn.userVerification',
      webauthn['userVerification'],
      verification[0] as 'preferred',
      verification,
    ),
    attestation,
    attestationRoots: resolveRoots(problems, webauthn['attestationRoots'], attestation),
    allowedAaguids: resolveAaguids(problems, webauthn['allowedAaguids']),
    signCount: problems.oneOf('webauthn.signCount', webauthn['signCount'], 'reject', ['reject', 'report']),
    backupEligibilityChange: problems.oneOf(
      'webauthn.backupEligibilityChange',
      webauthn['backupEligibilityChange'],
      'reject',
      ['reject', 'report'],
    ),
    hints: resolveHints(problems, webauthn['hints']),
  };
}

function resolveHints(problems: Problems, given: unknown): ResolvedWebAuthnOptions['hints'] {
  if (given === undefined) return [];
  const hints = Array.isArray(given) ? (given as WebAuthnHint[]) : [];
  const isFit = hints.length > 0 && new Set(hints).size === hints.length;
  if (isFit && hints.every((hint) => WEBAUTHN_HINTS.includes(hint))) return hints;
  problems.add(`\`webauthn.hints\` must be a list of ${WEBAUTHN_HINTS.join(', ')}, each at most once`);
  return [];
}

function resolveOrigins(problems: Problems, given: unknown, allowInsecure: boolean): string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length === 0) {
    problems.add('`webauthn.origins` must be a list of origins such as https://app.example.com');
    return [];
  }
  for (const origin of given as unknown[]) {
    if (typeof origin === 'string' && APP_ORIGIN.test(origin)) continue;
    if (typeof origin === 'string' && origin.includes('*')) {
      problems.add(
        `\`webauthn.origins\` takes no wildcards: name each origin; ${origin} would let in whoever gets a name there`,
      );
    } else if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      problems.add(
        `\`webauthn.origins\` must hold exact origins such as https://app.example.com; ${String(origin)} is none`,
      );
    } else if (!isSecure(new URL(origin), allowInsecure)) {
      problems.add(
        `\`webauthn.origins\` must be https; ${origin} is not (\`webauthn.allowInsecureOrigin\` lets http://localhost in, and no other)`,
      );
    }
  }
  return given as string[];
}

function isSecure({ protocol, hostname }: URL, allowInsecure: boolean): boolean {
  return protocol === 'https:' || (allowInsecure && protocol === 'http:' && hostname === 'localhost');
}

function resolveRoots(
  problems: Problems,
  given: unknown,
  attestation: ResolvedWebAuthnOptions['attestation'],
): string[] {
  if (given === undefined) return [];
  const texts = Array.isArray(given) ? (given as unknown[]) : [];
  // A file may hold several.
  const roots = texts.flatMap((text) => (typeof text === 'string' ? (text.match(PEM) ?? [text]) : ['']));
  if (roots.length === 0 || roots.some((root) => readCertificate(root) === null)) {
    problems.add(
      '`webauthn.attestationRoots` must be a list of certificates in PEM; leave it out to have none',
    );
    return [];
  }
  if (attestation !== 'direct' && attestation !== 'enterprise') {
    problems.add(
      `\`webauthn.attestationRoots\` needs \`webauthn.attestation\` \`direct\` or \`enterprise\`: with \`${attestation}\` authenticators need not say what they are`,
    );
  }
  return roots;
}

function resolveAaguids(problems: Problems, given: unknown): string[] | null {
  if (given === undefined) return null;
  if (
    Array.isArray(given) &&
    given.length > 0 &&
    given.every((one) => AAGUID.test(String(one).toLowerCase()))
  ) {
    return given.map((one) => String(one).toLowerCase());
  }
  problems.add('`webauthn.allowedAaguids` must be a list of AAGUIDs; leave it out to allow any');
  return null;
}
