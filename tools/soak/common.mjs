// Settings shared by the application and its users.
import { fastClock } from '../support/fast-clock.mjs';

/** How much faster time runs: an hour takes ten minutes. There is a new TOTP code every five seconds. */
const SPEED = 6;

/** How long a request waits for the database, in seconds. */
export const TIMEOUT_SECONDS = 3;

/** How many abandoned statements may hang before others are refused at once (docs/storage.md). */
export const MOST_ABANDONED = 200;

/** A clock that the application and its users share. */
export const clockSince = (startedAt) => fastClock(startedAt, SPEED);
