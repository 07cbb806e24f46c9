// Settings shared by the application and its users.
import { fastClock } from '../support/fast-clock.mjs';

export const ORIGIN = 'https://app.example.com';

/** How much faster time runs, so that there is a new TOTP code every second. */
const SPEED = 30;

/** A clock that the application and its users share across restarts. */
export const clockSince = (startedAt) => fastClock(startedAt, SPEED);
