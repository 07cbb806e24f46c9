/** Work that no request waits for, and that the application has to let end before it closes. */
export class UnderWay {
  private readonly all = new Set<Promise<void>>();

  /** @param work fails nobody: what it fails with is dealt with already */
  add(work: Promise<void>): void {
    const done = work.finally(() => this.all.delete(done));
    this.all.add(done);
  }

  /** Waits for what has begun so far. */
  async ended(): Promise<void> {
    await Promise.all(this.all);
  }
}
