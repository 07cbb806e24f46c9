import { AsyncLocalStorage } from 'node:async_hooks';

import type { INestApplication } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { ENGINE } from '../support/databases.js';
import { beforeEachStep } from '../support/steps-of.js';

/** The header that says which of the requests at once it is. */
const TASK = 'x-test-task';

/** So long may the one that was let go on be kept waiting by a lock, until another one is let go on. */
const BLOCKED_AFTER_MS = 15;

interface Task {
  /** Let it take its next step: none while it is at work, several where it does several things at once. They go on together. */
  waiting: (() => void)[];
  isDone: boolean;
}

/**
 * Lets several requests take their steps one at a time, in an order that the caller picks: a step is a statement on the database, a commit,
 * or a hook of the adapter. So orders are tried that a machine which is in no hurry never shows.
 */
export class Interleaver {
  private readonly tasks = new AsyncLocalStorage<Task>();
  private running: Task[] = [];
  private picks: Iterator<number> = [][Symbol.iterator]();
  private timer: NodeJS.Timeout | undefined;

  /** A middleware that knows the requests by {@link TASK}; for `configure` of a test application. */
  readonly mark = (app: INestApplication): void => {
    app.use(
      (request: { headers: Record<string, string | undefined> }, _response: unknown, next: () => void) => {
        const task = this.running[Number(request.headers[TASK] ?? NaN)];
        if (task) this.tasks.run(task, next);
        else next();
      },
    );
  };

  /** Which of the requests at once the code that asks belongs to; 0 for one alone. */
  get taskNumber(): number {
    const task = this.tasks.getStore();
    return task ? this.running.indexOf(task) : 0;
  }

  watch(app: INestApplication, dataSource: DataSource, adapter: object): void {
    beforeEachStep({ app, dataSource, adapter }, () => this.step());
  }

  /**
   * Runs them all, and returns what came of each.
   *
   * @param works each is given the headers that its request has to carry
   * @param picks whose turn it is, by number of those that wait; the first one's when they are used up
   */
  async run<T>(
    works: readonly ((headers: Record<string, string>) => Promise<T>)[],
    picks: readonly number[],
  ): Promise<T[]> {
    this.running = works.map(() => ({ waiting: [], isDone: false }));
    this.picks = picks[Symbol.iterator]();
    const results = await Promise.all(
      works.map(async (work, index) => {
        const task = this.running[index] as Task;
        try {
          return await this.tasks.run(task, () => work({ [TASK]: String(index) }));
        } finally {
          task.isDone = true;
          // What is done besides, and nobody waited for.
          for (const goOn of task.waiting) goOn();
          this.next();
        }
      }),
    );
    clearTimeout(this.timer);
    this.running = [];
    return results;
  }

  private async step(): Promise<void> {
    const task = this.tasks.getStore();
    // What goes on after its answer is nobody's turn.
    if (!task || task.isDone || !this.running.includes(task)) return;
    await new Promise<void>((resolve) => {
      task.waiting.push(resolve);
      this.next();
    });
  }

  /** Lets the next one go on when all that are not done wait for it; on a server also when one is kept waiting by a lock. */
  private next(isBlocked = false): void {
    clearTimeout(this.timer);
    const living = this.running.filter(({ isDone }) => !isDone);
    const ready = living.filter(({ waiting }) => waiting.length > 0);
    if (ready.length === living.length || isBlocked) {
      const { value = 0 } = this.picks.next() as { value?: number };
      for (const goOn of ready[value % ready.length]?.waiting.splice(0) ?? []) goOn();
    }
    if (ENGINE !== 'sqlite') this.timer = setTimeout(() => this.next(true), BLOCKED_AFTER_MS);
  }
}
