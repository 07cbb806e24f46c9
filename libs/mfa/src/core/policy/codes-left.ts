/** With this many codes or fewer, it's time to generate new ones. */
const FEW_CODES = 3;

/** Whether to tell the owner of this many recovery codes to generate new ones, by mail and on the pages. */
export function areFewCodesLeft(remaining: number): boolean {
  return remaining <= FEW_CODES;
}
