import { Presets, SingleBar } from 'cli-progress';

/** A progress bar on a terminal; an occasional line elsewhere. */
export class Progress {
  private readonly bar: SingleBar;
  private isStarted = false;

  constructor(label: string) {
    this.bar = new SingleBar(
      {
        format: `${label} {bar} {percentage} % | {value} of {total} | {duration_formatted}`,
        stream: process.stdout,
        noTTYOutput: true,
        notTTYSchedule: 1000,
      },
      Presets.shades_classic,
    );
  }

  update(done: number, total: number): void {
    if (!this.isStarted) this.bar.start(total, 0);
    this.isStarted = true;
    this.bar.update(done);
  }

  stop(): void {
    if (this.isStarted) this.bar.stop();
  }
}
