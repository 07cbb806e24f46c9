/** A mutant may take this many times as long as the tests take without, and so many milliseconds besides. */
const PATIENCE = { times: 5, besides: 20_000 };

/** After so many kills of a worker a test that killed is run without a mutant: what a mutant left behind in kept modules must not kill the next. */
const KILLS_PER_CONTROL = 12;

/** Workers begin anew after so many runs: metadata of classes that were loaded anew pile up in packages. */
const MOST_RUNS = { usual: 600, fresh: 40 };

/** Runs mutants on one worker, one after another. */
export class Judge {
  /** The kills since the last control. */
  unconfirmed = [];
  freshRuns = 0;

  /**
   * @param options `budget`: how many milliseconds of tests a mutant is worth; `isProven`: the tests known to pass alone, of all judges; `settle`: told each
   * result that holds; `again`: told of each mutant that has to be run once more
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
   * What stands beside the source or is at home in it, and of the other steps as many as a mutant is worth, in their order; the cheapest, however dear it is.
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

  /** @returns how the mutant died of these tests; undefined if it did not */
  async #try(mutant, step) {
    const answer = await this.#run({ ...step, mutant: mutant.id }, this.plan.costOf(step));
    const isSlow = Boolean(answer.lost) || /Exceeded timeout of \d+ ms/.test(answer.failure?.message ?? '');
    // Once more: the machine may have been busy.
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

  /** Whether the test passes alone without a mutant: one that needs what others did before says nothing where these were left out. */
  async #isRealKill(step, test) {
    if (step.tests === null || test < 0) return true;
    const key = `${step.spec}#${test}`;
    if (this.isProven.has(key)) return true;
    const answer = await this.#run({ spec: step.spec, tests: [test] }, this.plan.costOf(step));
    if (!answer.lost && !answer.failure) return Boolean(this.isProven.add(key));
    this.plan.sequential.add(step.spec);
    // Or a mutant has left something behind.
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

  /** Runs what killed last without a mutant: only if that passes, the kills since the last control hold. */
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

  /** Kills of a worker that is gone can't be confirmed any more. */
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
