import { eventually } from './eventually.js';

/** Holds whoever comes by while it is closed, and knows how many that are. */
export class Gate {
  private waiting = 0;
  private opened: Promise<void> = Promise.resolve();
  private release: () => void = () => undefined;

  close(): void {
    this.waiting = 0;
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  /** Lets those go on that wait, and all who come. */
  open(): void {
    this.release();
    this.opened = Promise.resolve();
  }

  /** Lets all who come from here on pass; those who wait go on by what this returns. */
  openForOthers(): () => void {
    this.opened = Promise.resolve();
    return this.release;
  }

  async pass(): Promise<void> {
    this.waiting += 1;
    await this.opened;
  }

  /** Waits until so many wait. */
  async holds(count: number): Promise<void> {
    await eventually(`${count} at the gate`, () => this.waiting >= count);
  }
}
