import type { MfaClock } from '../core/clock/clock.js';

/** A clock that stands still until a test moves it. */
export class MovableClock implements MfaClock {
  private time: number;

  /** @param start where it stands at first: a moment, or milliseconds since the Unix epoch. Default: the present */
  constructor(start: Date | number = Date.now()) {
    this.time = Number(start);
  }

  now(): number {
    return this.time;
  }

  /** Moves on by so many seconds; back when negative. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
