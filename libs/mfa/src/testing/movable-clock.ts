import type { MfaClock } from '../core/clock/clock.js';

/** A clock that stands still until a test moves it. */
export class MovableClock implements MfaClock {
  private time: number;

  /** @param start the initial time: a date, or milliseconds since the Unix epoch. Default: the current time */
  constructor(start: Date | number = Date.now()) {
    this.time = Number(start);
  }

  now(): number {
    return this.time;
  }

  /** Moves forward by this many seconds, or back if negative. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
