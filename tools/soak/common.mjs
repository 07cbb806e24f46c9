// What the application and its users agree on.
import { fastClock } from '../support/fast-clock.mjs';

/** How much faster time goes here: an hour in ten minutes. A TOTP code is new every five seconds. */
const SPEED = 6;

/** How long a request waits for the database, in seconds. */
export const TIMEOUT_SECONDS = 3;

/** So many statements that nobody waits for may hang, before others are refused at once (docs/storage.md). */
export const MOST_ABANDONED = 200;

/** A clock that the application and its users share. */
export const clockSince = (startedAt) => fastClock(startedAt, SPEED);
