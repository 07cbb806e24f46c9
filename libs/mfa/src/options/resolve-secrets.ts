import type { OptionScope } from './option.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';

const SECRET_BYTES = 32;
/** 32 random hexadecimal digits have 14 different ones on average, and fewer than 8 only once in 30 million. */
const MIN_DIFFERENT_CHARACTERS = 8;
/** For example `1234567890`. */
const LONGEST_REPEATED_PIECE = 10;

/**
 * The secrets, the current one first. Their values are never printed. While the application is developed or tested, they may be easy to
 * guess: tests often repeat a character.
 */
export function resolveSecrets(
  problems: Problems,
  secret: unknown,
  { nodeEnv, profile }: Pick<OptionScope, 'nodeEnv' | 'profile'>,
): [string, ...string[]] {
  const secrets = Array.isArray(secret) ? (secret as unknown[]) : [secret];
  const remedy = `set it to a random string of at least ${SECRET_BYTES} bytes, for example from \`openssl rand -base64 32\``;
  if (secret === undefined || secret === '' || secrets.length === 0) {
    problems.add(`\`secret\` is required: ${remedy}`);
  } else if (!secrets.every((one) => typeof one === 'string' && Buffer.byteLength(one) >= SECRET_BYTES)) {
    problems.add(`\`secret\` is too short or not a string: ${remedy}`);
  } else if (new Set(secrets).size !== secrets.length) {
    problems.add('`secret` contains the same secret twice: list each once, the current one first');
  } else if ((profile !== 'default' || !isDevelopment(nodeEnv)) && (secrets as string[]).some(isGuessable)) {
    problems.add(`\`secret\` is easy to guess, since it repeats a few characters: ${remedy}`);
  }
  return secrets as [string, ...string[]];
}

/** Whether the secret is only long because it repeats itself. No rule can detect other guessable secrets, such as a phrase from a book. */
function isGuessable(secret: string): boolean {
  if (new Set(secret).size < MIN_DIFFERENT_CHARACTERS) return true;
  for (let length = 1; length <= LONGEST_REPEATED_PIECE; length++) {
    const piece = secret.slice(0, length);
    if (piece.repeat(Math.ceil(secret.length / length)).startsWith(secret)) return true;
  }
  return false;
}
