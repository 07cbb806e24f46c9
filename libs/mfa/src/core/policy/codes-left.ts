/** So many codes are few: time to make new ones. */
const FEW_CODES = 3;

/** Whether the owner of so many recovery codes is told to make new ones: by mail, and on the pages. */
export function areFewCodesLeft(remaining: number): boolean {
  return remaining <= FEW_CODES;
}
