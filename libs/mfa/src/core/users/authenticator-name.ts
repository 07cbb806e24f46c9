/** Longest name, in UTF-16 units: the width of the column. */
export const MAX_NAME_LENGTH = 100;

/** Scripts in which a joiner or a non-joiner between two letters belongs to the spelling (UAX #31, section 2.3). */
const JOINING = [
  ...[
    'Arabic',
    'Syriac',
    'Mongolian',
    'Nko',
    'Devanagari',
    'Bengali',
    'Gurmukhi',
    'Gujarati',
    'Oriya',
    'Tamil',
  ],
  ...['Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan'],
]
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('');

/** Joiners of words, joiners of emoji into one picture, and the selector of their coloured form. */
const VISIBLE_WORK = [
  String.raw`(?<=[${JOINING}])[\u200C\u200D](?=[${JOINING}])`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})`,
  String.raw`(?<=[\p{Emoji}])\uFE0F`,
].join('|');

/** What is not seen and changes what is: direction marks, zero-width characters, fillers, tags. */
const INVISIBLE = new RegExp(String.raw`(${VISIBLE_WORK})|[\p{Cf}\p{Default_Ignorable_Code_Point}]`, 'gu');

/**
 * A name as it is kept and shown: on one line, and without characters that are not seen, which could write it backwards or
 * make it look like another one (Unicode TR 36, section 2.5; TR 39). Empty when nothing is left.
 */
export function cleanName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(INVISIBLE, '$1')
    .trim();
}

/** A name that nobody has checked, such as one that a hook made or a file holds, as it fits into the column. */
export function fittingName(name: string): string {
  const clean = cleanName(name);
  // Not through the middle of a pair.
  return clean.length <= MAX_NAME_LENGTH
    ? clean
    : clean.slice(0, MAX_NAME_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
}
