/** Longest name in characters (code points), which is how databases measure the width of the column. */
export const MAX_NAME_LENGTH = 100;

/** Scripts in which a joiner or non-joiner between two letters is part of the spelling (UAX #31, section 2.3). */
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

/** Joiners within words, joiners that combine emoji into one picture, and the selector for their colored form. */
const VISIBLE_WORK = [
  String.raw`(?<=[${JOINING}])[\u200C\u200D](?=[${JOINING}])`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})`,
  String.raw`(?<=[\p{Emoji}])\uFE0F`,
].join('|');

/** Characters that are invisible but change what is visible: direction marks, zero-width characters, fillers, tags. */
const INVISIBLE = new RegExp(String.raw`(${VISIBLE_WORK})|[\p{Cf}\p{Default_Ignorable_Code_Point}]`, 'gu');

/**
 * Returns a name as it is stored and shown: on one line, and without invisible characters, which could reverse it or make it
 * look like another name (Unicode TR 36, section 2.5; TR 39). Empty if nothing is left.
 */
export function cleanName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(INVISIBLE, '$1')
    .trim();
}

/** Fits an unchecked name, such as one from a hook or a file, into the column. */
export function fittingName(name: string): string {
  return [...cleanName(name)].slice(0, MAX_NAME_LENGTH).join('');
}
