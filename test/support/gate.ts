import { eventually } from './eventually.js';

/** Holds callers while it is closed, and knows how many are waiting. */
export class Gate {
  private waiting = 0;
  private opened: Promise<void> = Promise.resolve();
  private release: () => void = () => undefined;

  close(): void {
    this.waiting = 0;
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  /** Releases those who are waiting, and lets everyone pass. */
  open(): void {
    this.release();
    this.opened = Promise.resolve();
  }

  /** Lets everyone who comes from now on pass. Those already waiting continue when the returned function is called. */
  openForOthers(): () => void {
    this.opened = Promise.resolve();
    return this.release;
  }

  async pass(): Promise<void> {
    this.waiting += 1;
    await this.opened;
  }

  /** Waits until this many callers are waiting. */
  async holds(count: number): Promise<void> {
    await eventually(`${count} at the gate`, () => this.waiting >= count);
  }
}
