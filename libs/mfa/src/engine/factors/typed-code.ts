/**
 * Characters that are only there for readability or came along with pasting: white space of any kind, line breaks, invisible
 * format characters, and what keyboards offer as a dash (on Japanese ones the prolonged sound mark).
 */
const BETWEEN = String.raw`[\s\p{Cf}\p{Pd}\u2212\u30FC]*`;

/** A letter of a recovery code. East Asian keyboards also type full-width letters. */
const LETTER = String.raw`A-Za-z\uFF21-\uFF3A\uFF41-\uFF5A`;

/** A pattern for that many of these characters, at most 64 including separators. Matching takes time linear in the input. */
const inputOf = (characters: string, least: number, most: number): string =>
  `^(?=[^]{1,64}$)${BETWEEN}(?:[${characters}]${BETWEEN}){${least},${most}}$`;

/** Matches that many digits as a user may type them: of any script, with separators anywhere. */
export function digitsPattern(least: number, most: number): RegExp {
  return new RegExp(inputOf(String.raw`\p{Nd}`, least, most), 'u');
}

/** What a user may type: 6 to 16 digits, or the 8 to 40 letters and digits of a recovery code. */
export const CODE_INPUT_PATTERN = new RegExp(
  `${inputOf(String.raw`\p{Nd}`, 6, 16)}|${inputOf(String.raw`\p{Nd}${LETTER}`, 8, 40)}`,
  'u',
);

/** What {@link CODE_INPUT_PATTERN} asks for, for developers. */
export const CODE_INPUT_MESSAGE = 'code must be 6 to 16 digits, or 8 to 40 letters and digits';

/** The typed code in the form that factors verify. */
export function normalizeCode(input: string): string {
  return input
    .replace(new RegExp(BETWEEN, 'gu'), '')
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/[\uFF21-\uFF3A\uFF41-\uFF5A]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .toUpperCase();
}

/** Decimal digits are encoded in runs from zero to nine (The Unicode Standard, section 4.6), some of which are adjacent. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}
