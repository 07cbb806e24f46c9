/** What the module knows about one of the application's users. */
export interface MfaUser {
  /**
   * The application's id of the user. For a key of several columns, combine them into one string. A BigInt is the same as the
   * number of that value.
   */
  id: string | number | bigint;
  email?: string | null;
  username?: string | null;
  displayName?: string | null;
  /** Staff must have a second factor if `requiredForStaff` is on. */
  isStaff?: boolean;
  /** Enrollment is only refused if this is explicitly false. */
  emailVerified?: boolean;
  /** E.164, such as `+491701234567`. */
  phoneNumber?: string | null;
  /** Whether the phone number is verified to be the user's. Only for the application: `smsCode()` has its users prove the number. */
  phoneVerified?: boolean;
  /** The language of texts for this user, such as `de`. */
  locale?: string | null;
}

/** The properties of a user that must be boolean, since decisions depend on them. */
export type MfaUserFlag = 'isStaff' | 'emailVerified';

/**
 * Returns a flag of the user; undefined if it isn't set. A number, text or promise can't be relied on: taken for false it would
 * let staff pass, taken for true it would verify an address. The request is therefore refused.
 *
 * @throws {TypeError} when the value is neither a boolean nor absent
 */
export function flagOf(user: Partial<Record<MfaUserFlag, unknown>>, flag: MfaUserFlag): boolean | undefined {
  const value = user[flag] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TypeError(`A user's \`${flag}\` must be a boolean or absent, not of type ${typeof value}`);
}

/** Longest user id in characters: the width of the columns that hold it. */
export const MAX_USER_ID_LENGTH = 191;

/**
 * Returns the user's id as it is stored. A missing id would match no row, or with careless criteria every row, so it is
 * rejected here and never reaches the database.
 *
 * @throws {TypeError} when the id is missing, too long, or would be stored as a different one
 */
export function userIdOf(user: Pick<MfaUser, 'id'>): string {
  const id: unknown = user.id;
  // Larger numbers are rounded, so two users could become one.
  const text = typeof id === 'bigint' || Number.isSafeInteger(id) ? String(id) : id;
  // Some databases ignore trailing spaces in comparisons. Any lone surrogate is stored as U+FFFD, so two users could become
  // one. PostgreSQL accepts no NUL.
  const isId =
    typeof text === 'string' &&
    text !== '' &&
    text.trimEnd() === text &&
    !text.includes('\0') &&
    !/\p{Surrogate}/u.test(text);
  if (!isId || text.length > MAX_USER_ID_LENGTH) {
    throw new TypeError(
      `A user needs an \`id\`: a whole number up to 2^53, a BigInt, or a string of 1 to ${MAX_USER_ID_LENGTH} characters of well-formed Unicode, without NUL or trailing spaces; join a composite key into one string`,
    );
  }
  return text;
}

/** Where the application's users are found: the adapter. */
interface UserSource {
  findUser(userId: string): MfaUser | null | Promise<MfaUser | null>;
}

/**
 * Finds the user with exactly this id; null if there is none. An application that ignores case in ids may find a user with
 * another one, whose rows are not those stored under this id.
 */
export async function findExactUser(source: UserSource, userId: string): Promise<MfaUser | null> {
  const user = await source.findUser(userId);
  return user && userIdOf(user) === userId ? user : null;
}
