/** What the module knows of one of the application's users. */
export interface MfaUser {
  /** As the application knows the user; of several columns, one text that is made of these. A BigInt stands for the number that it is. */
  id: string | number | bigint;
  email?: string | null;
  username?: string | null;
  displayName?: string | null;
  /** Staff must have a second factor when `requiredForStaff` is on. */
  isStaff?: boolean;
  /** Only an explicit false refuses enrollment. */
  emailVerified?: boolean;
  /** E.164, such as `+491701234567`. */
  phoneNumber?: string | null;
  /** Whether the number is known to be the user's. */
  phoneVerified?: boolean;
  /** The language of texts to this user, such as `de`. */
  locale?: string | null;
}

/** What is known of a user as yes or no. */
export type MfaUserFlag = 'isStaff' | 'emailVerified';

/**
 * What a user says of such a thing, undefined when nothing. A number, a text or a promise says nothing that could be relied on,
 * and so the request is refused: taken for no it would let staff pass, taken for yes it would verify an address.
 *
 * @throws {TypeError} when it is neither a boolean nor absent
 */
export function flagOf(user: Partial<Record<MfaUserFlag, unknown>>, flag: MfaUserFlag): boolean | undefined {
  const value = user[flag] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TypeError(`A user's \`${flag}\` must be a boolean or absent, not of type ${typeof value}`);
}

/** Longest user id in characters: the width of the columns that hold it. */
export const MAX_USER_ID_LENGTH = 191;

/**
 * The user's id as it is stored. A missing id would match no row, or with careless criteria every row, so it is an
 * error here and never reaches the database.
 *
 * @throws {TypeError} when the id is missing, too long, or would be stored as another one
 */
export function userIdOf(user: Pick<MfaUser, 'id'>): string {
  const id: unknown = user.id;
  // Greater numbers are the next one that fits: two users would be one.
  const text = typeof id === 'bigint' || Number.isSafeInteger(id) ? String(id) : id;
  // Some engines ignore spaces at the end when they compare. Half a character is stored as U+FFFD, whichever half of whichever it
  // was: two users would be one. PostgreSQL takes no NUL.
  const isId =
    typeof text === 'string' &&
    text !== '' &&
    text.trimEnd() === text &&
    !text.includes('\0') &&
    !/\p{Surrogate}/u.test(text);
  if (!isId || text.length > MAX_USER_ID_LENGTH) {
    throw new TypeError(
      `A user needs an \`id\`: a whole number up to 2^53, a BigInt, or a string of 1 to ${MAX_USER_ID_LENGTH} characters of well-formed Unicode, without NUL and without spaces at its end; make one string of a key of several columns`,
    );
  }
  return text;
}
