// Internal parsers that applications can't call directly. test/fuzz tries each with far more inputs than HTTP would
// allow in the time.
export { laravelKeys, betterAuthSecrets } from '../../libs/mfa/src/cli/import-keys.js';
export { isEnvelope, open, seal } from '../../libs/mfa/src/core/crypto/envelope.js';
export {
  KeyRing,
  hasSeal,
  keyedHash,
  lengthPrefixed,
  sealRow,
} from '../../libs/mfa/src/core/crypto/key-ring.js';
export {
  createToken,
  firstIdAt,
  hashToken,
  isToken,
  sortableId,
} from '../../libs/mfa/src/core/crypto/tokens.js';
export { buildKeyUri } from '../../libs/mfa/src/core/otpauth/key-uri.js';
export { readCookieList, writeCookieList } from '../../libs/mfa/src/core/web/cookie-list.js';
export { isShallow, readCookies } from '../../libs/mfa/src/core/web/http-message.js';
export { refererPath } from '../../libs/mfa/src/core/web/next-path.js';
export { hostOf } from '../../libs/mfa/src/core/web/requested-host.js';
export { CODE_INPUT_PATTERN, normalizeCode } from '../../libs/mfa/src/engine/factors/typed-code.js';
export type { ChallengeBinding, ChallengeContent } from '../../libs/mfa/src/factors/webauthn/challenge.js';
export { createChallenge, openChallenge } from '../../libs/mfa/src/factors/webauthn/challenge.js';
export {
  parseAuthentication,
  parseRegistration,
} from '../../libs/mfa/src/factors/webauthn/credential-json.js';
