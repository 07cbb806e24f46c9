import type { TrustedDevice } from './trusted-device.entity.js';

/** How many older tokens of a browser are kept, so that the row stays small. */
const MAX_OLDER = 100;
/** 64 bits in hex: enough to recognize a token that only its owner or a thief can have. */
const SHORT = 16;
const SEPARATOR = '.';

type Tokens = Pick<TrustedDevice, 'tokenHash' | 'formerTokenHash' | 'olderTokens'>;

/**
 * The columns of a browser whose token is replaced: the present token becomes the former one, and the former one joins the
 * older ones.
 */
export function replaceToken({ tokenHash, formerTokenHash, olderTokens }: Tokens, nextHash: string): Tokens {
  const older = [
    ...(formerTokenHash === null ? [] : [formerTokenHash.slice(0, SHORT)]),
    ...splitOlder(olderTokens),
  ];
  return {
    tokenHash: nextHash,
    formerTokenHash: tokenHash,
    olderTokens: older.length === 0 ? null : older.join(SEPARATOR),
  };
}

/**
 * Whether no more tokens of this browser can be kept, so that it can't be used any more: whoever copied its token and knows the
 * password would otherwise sign in until the owner's token is forgotten, and would never be found out.
 */
export function isUsedUp({ olderTokens }: Pick<Tokens, 'olderTokens'>): boolean {
  return splitOlder(olderTokens).length >= MAX_OLDER;
}

/** Whether one of these hashes belongs to a token that the browser had before its present one. */
export function hasFormerToken({ formerTokenHash, olderTokens }: Tokens, hashes: Iterable<string>): boolean {
  const older = splitOlder(olderTokens);
  return [...hashes].some((hash) => hash === formerTokenHash || older.includes(hash.slice(0, SHORT)));
}

function splitOlder(olderTokens: string | null): string[] {
  return olderTokens === null ? [] : olderTokens.split(SEPARATOR);
}
