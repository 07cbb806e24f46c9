import { MovableClock } from 'nestjs-mfa/testing';

/** The initial time of the tests' clock. */
const START = 1_800_000_000_000;

/** A clock that stands still until a test moves it. */
export class TestClock extends MovableClock {
  constructor() {
    super(START);
  }
}
