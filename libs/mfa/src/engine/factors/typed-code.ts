/**
 * What is only there for the eye, or came along with pasting: white space of any kind, line breaks, invisible format
 * characters, and what keyboards have for a dash (the Japanese one: a prolonged sound mark).
 */
const BETWEEN = String.raw`[\s\p{Cf}\p{Pd}\u2212\u30FC]*`;

/** A letter of a recovery code; East Asian keyboards have a wide one of each. */
const LETTER = String.raw`A-Za-z\uFF21-\uFF3A\uFF41-\uFF5A`;

/** A pattern for so many of these characters, 64 at most with what stands between them. It takes time linear in the input. */
const inputOf = (characters: string, least: number, most: number): string =>
  `^(?=[^]{1,64}$)${BETWEEN}(?:[${characters}]${BETWEEN}){${least},${most}}$`;

/** So many digits as a user may type them: of any script, with anything between them that is only there for the eye. */
export function digitsPattern(least: number, most: number): RegExp {
  return new RegExp(inputOf(String.raw`\p{Nd}`, least, most), 'u');
}

/** What a user may type: 6 to 16 digits, or the 8 to 40 letters and digits of a recovery code. */
export const CODE_INPUT_PATTERN = new RegExp(
  `${inputOf(String.raw`\p{Nd}`, 6, 16)}|${inputOf(String.raw`\p{Nd}${LETTER}`, 8, 40)}`,
  'u',
);

/** The code that was typed, in the form in which factors verify it. */
export function normalizeCode(input: string): string {
  return input
    .replace(new RegExp(BETWEEN, 'gu'), '')
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/[\uFF21-\uFF3A\uFF41-\uFF5A]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .toUpperCase();
}

/** Decimal digits stand in runs from zero to nine (The Unicode Standard, section 4.6), of which some follow each other. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}
