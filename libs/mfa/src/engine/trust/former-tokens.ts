import type { TrustedDevice } from './trusted-device.entity.js';

/** Tokens that a browser had long ago, and that are still known when they come back. */
const MAX_OLDER = 100;
/** 64 bits in hex: enough to know a token again that only its owner, or a thief, can have. */
const SHORT = 16;
const SEPARATOR = '.';

type Tokens = Pick<TrustedDevice, 'tokenHash' | 'formerTokenHash' | 'olderTokens'>;

/** The columns of a browser whose token is replaced: the present one becomes the former one, and that one of the older ones. */
export function replaceToken({ tokenHash, formerTokenHash, olderTokens }: Tokens, nextHash: string): Tokens {
  const older = [
    ...(formerTokenHash === null ? [] : [formerTokenHash.slice(0, SHORT)]),
    ...splitOlder(olderTokens),
  ];
  return {
    tokenHash: nextHash,
    formerTokenHash: tokenHash,
    olderTokens: older.length === 0 ? null : older.slice(0, MAX_OLDER).join(SEPARATOR),
  };
}

/** Whether one of these hashes is of a token that the browser had before its present one. */
export function hasFormerToken({ formerTokenHash, olderTokens }: Tokens, hashes: Iterable<string>): boolean {
  const older = splitOlder(olderTokens);
  return [...hashes].some((hash) => hash === formerTokenHash || older.includes(hash.slice(0, SHORT)));
}

function splitOlder(olderTokens: string | null): string[] {
  return olderTokens === null ? [] : olderTokens.split(SEPARATOR);
}
