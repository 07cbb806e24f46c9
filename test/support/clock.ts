import type { Clock } from 'nestjs-mfa';

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  private time = 1_800_000_000_000;

  now(): number {
    return this.time;
  }

  /** Moves on by so many seconds; back when negative. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
