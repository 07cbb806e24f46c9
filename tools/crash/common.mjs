// What the application and its users agree on.
import { fastClock } from '../support/fast-clock.mjs';

export const ORIGIN = 'https://app.example.com';

/** How much faster time goes here, so that there is a new TOTP code every second. */
const SPEED = 30;

/** A clock that the application and whoever uses it share across restarts. */
export const clockSince = (startedAt) => fastClock(startedAt, SPEED);
