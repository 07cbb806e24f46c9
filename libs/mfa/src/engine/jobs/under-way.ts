/** Tracks work that no request waits for but that must finish before the application closes. */
export class UnderWay {
  private readonly all = new Set<Promise<void>>();

  /** @param work must not reject: its errors are handled already */
  add(work: Promise<void>): void {
    const done = work.finally(() => this.all.delete(done));
    this.all.add(done);
  }

  /** Waits for all work that has started so far. */
  async ended(): Promise<void> {
    await Promise.all(this.all);
  }
}
