import type { TypeTraits } from './type-traits.js';

type Check = [isRight: (value: unknown) => boolean, what: string];

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const oneOf = (...words: readonly string[]): Check => [
  (value) => words.includes(value as string),
  words.map((word) => `\`${word}\``).join(' or '),
];

const TEXT: Check = [isText, 'text'];
const TEXTS: Check = [isTexts, 'a list of strings'];
const FLAG: Check = [(value) => typeof value === 'boolean', 'true or false'];
const PROFILES = ['aal2', 'strict', 'aal3'];
const KEYS_AMR = ['hardware', 'synced', 'unknown'];

const CHECKS: Readonly<Record<keyof TypeTraits, Check>> = {
  type: TEXT,
  method: TEXT,
  role: oneOf('second_factor', 'backup'),
  phishingResistant: FLAG,
  showsFacts: FLAG,
  amr: [
    (value) =>
      isTexts(value) || KEYS_AMR.every((key) => isTexts((value as Record<string, unknown> | null)?.[key])),
    'a list of strings, or an object with such lists for `hardware`, `synced` and `unknown`',
  ],
  readFromAmr: TEXTS,
  steps: FLAG,
  judgedBy: oneOf('authenticator', 'own_tables'),
  channel: TEXT,
  refusedBy: [
    (value) => Array.isArray(value) && value.every((one) => PROFILES.includes(one as string)),
    'a list of `aal2`, `strict` and `aal3`',
  ],
  restricted: FLAG,
  maxPerUser: [
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 20,
    'a whole number from 1 to 20',
  ],
  label: TEXT,
  labels: [
    (value) => typeof value === 'object' && value !== null && Object.values(value).every(isText),
    'an object of texts keyed by language',
  ],
};

/** Further traits of the built-in factors. */
const BUILT_IN_ONLY = ['needsOption', 'text', 'methodText'];

/**
 * Checks the traits of a factor, which decide what its proofs are worth: a misspelled trait would silently keep its default.
 *
 * @throws {TypeError} when a trait is unknown or has an invalid value
 */
export function checkTraits(traits: object): void {
  for (const [name, value] of Object.entries(traits)) {
    if (BUILT_IN_ONLY.includes(name)) continue;
    if (!Object.hasOwn(CHECKS, name)) {
      throw new TypeError(
        `\`${name}\` is not a trait of a factor; the traits are ${Object.keys(CHECKS).join(', ')}`,
      );
    }
    const [isRight, what] = CHECKS[name as keyof TypeTraits];
    if (value !== undefined && !isRight(value))
      throw new TypeError(`The trait \`${name}\` of a factor must be ${what}`);
  }
}
