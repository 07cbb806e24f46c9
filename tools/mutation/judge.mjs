/** A mutant may take this many times as long as the tests without it, plus this many milliseconds. */
const PATIENCE = { times: 5, besides: 20_000 };

/**
 * After this many kills on a worker, a killing test is repeated without a mutant: what a mutant has left behind in
 * cached modules must not kill the next one.
 */
const KILLS_PER_CONTROL = 12;

/** Workers restart after this many runs: metadata of reloaded classes accumulates in packages. */
const MOST_RUNS = { usual: 600, fresh: 40 };

/** Runs mutants on one worker, one after another. */
export class Judge {
  /** The kills since the last control run. */
  unconfirmed = [];
  freshRuns = 0;

  /**
   * @param options `budget`: how many milliseconds of tests a mutant is worth; `isProven`: the tests of all judges that
   * are known to pass alone; `settle`: receives each confirmed result; `again`: receives each mutant that must be run
   * again
   */
  constructor(worker, plan, { budget, isProven, settle, again }) {
    Object.assign(this, { worker, plan, budget, isProven, settle, again });
  }

  async judge(mutant) {
    if (!this.plan.isCovered(mutant)) return this.settle(mutant, { status: 'uncovered' });
    if (this.worker.runs >= MOST_RUNS.usual || this.freshRuns >= MOST_RUNS.fresh) await this.#restart();
    for (const step of this.#affordable([...this.plan.stepsFor(mutant)])) {
      const result = await this.#try(mutant, step);
      if (result) return this.#keep(mutant, result);
    }
    this.settle(mutant, { status: 'survived' });
  }

  /**
   * Every step beside the source or at home in it, and as many of the others, in order, as a mutant is worth; at least
   * the cheapest, whatever it costs.
   */
  #affordable(steps) {
    const costs = steps.map((step) => this.plan.costOf(step));
    let left = Math.max(this.budget, Math.min(...costs));
    return steps.filter(({ isBeside, isAtHome }, index) => {
      if (isBeside || isAtHome) return true;
      if (costs[index] > left) return false;
      left -= costs[index];
      return true;
    });
  }

  /** @returns how the tests killed the mutant; undefined if they didn't */
  async #try(mutant, step) {
    const answer = await this.#run({ ...step, mutant: mutant.id }, this.plan.costOf(step));
    const isSlow = Boolean(answer.lost) || /Exceeded timeout of \d+ ms/.test(answer.failure?.message ?? '');
    // Try again: the machine may have been busy.
    if (isSlow && !step.isSecondTry) {
      if (answer.lost) this.#forget();
      else await this.#restart();
      return this.#try(mutant, { ...step, isSecondTry: true });
    }
    if (answer.lost) return { status: 'timeout', by: step, hasLostWorker: true };
    if (!answer.failure) return undefined;
    const { test, message } = answer.failure;
    const by = { spec: step.spec, test, isFresh: step.isFresh };
    if (!(await this.#isRealKill(step, test))) return this.#try(mutant, { ...step, tests: null });
    return { status: isSlow || answer.isEndless ? 'timeout' : 'killed', by, message, isSlow };
  }

  /**
   * Whether the test passes alone without a mutant. If it depends on tests that were left out, its failure means
   * nothing.
   */
  async #isRealKill(step, test) {
    if (step.tests === null || test < 0) return true;
    const key = `${step.spec}#${test}`;
    if (this.isProven.has(key)) return true;
    const answer = await this.#run({ spec: step.spec, tests: [test] }, this.plan.costOf(step));
    if (!answer.lost && !answer.failure) return Boolean(this.isProven.add(key));
    this.plan.sequential.add(step.spec);
    // Otherwise a mutant may have left something behind.
    await this.#restart();
    return false;
  }

  async #keep(mutant, result) {
    this.plan.noteKiller(mutant.file, result.by.spec, result.by.test ?? -1);
    if (result.hasLostWorker) {
      this.settle(mutant, result);
      return this.#forget();
    }
    this.unconfirmed.push({ mutant, result });
    if (result.isSlow) return this.#restart();
    if (this.unconfirmed.length >= KILLS_PER_CONTROL) await this.control();
  }

  /** Repeats the last killing test without a mutant: the kills since the last control run only count if it passes. */
  async control() {
    const last = this.unconfirmed.at(-1);
    if (!last) return;
    const { spec, test } = last.result.by;
    const isWhole = test < 0 || this.plan.sequential.has(spec);
    const step = { spec, tests: isWhole ? null : [test] };
    const answer = await this.#run(step, this.plan.costOf(step));
    if (answer.lost || answer.failure) {
      this.#forget();
      return this.worker.stop();
    }
    for (const one of this.unconfirmed) this.settle(one.mutant, one.result);
    this.unconfirmed = [];
  }

  /** Kills on a worker that is gone can no longer be confirmed. */
  #forget() {
    for (const { mutant } of this.unconfirmed) this.again(mutant);
    this.unconfirmed = [];
  }

  async #restart() {
    await this.control();
    this.worker.stop();
    this.freshRuns = 0;
  }

  async #run(job, cost) {
    if (job.isFresh) this.freshRuns += 1;
    return this.worker.run(job, PATIENCE.besides + PATIENCE.times * cost);
  }
}
