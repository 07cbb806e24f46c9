import { relative } from 'node:path';

import TestRunner from 'jest-runner';

import { current, switches } from './current.mjs';

/**
 * The maximum number of times an active mutant is executed. Real loops of the library end after some thousands; a loop
 * that a mutant has made endless stops here, so that the worker can continue.
 */
const MOST_HITS = 300_000;

/**
 * Jest's runner in a worker of tools/mutation.mjs. Instead of a list of files, it runs one spec file at a time on the
 * parent process's request, so that Jest, the packages and the library are loaded once for many mutants.
 */
export default class MutationRunner {
  constructor(globalConfig, context) {
    this.globalConfig = globalConfig;
    this.context = context;
  }

  async runTests(tests, watcher) {
    const { rootDir } = this.globalConfig;
    this.watcher = watcher;
    this.tests = new Map(tests.map((test) => [relative(rootDir, test.path), test]));
    // Something a mutant has left running may fail between two files; within one, Jest listens itself.
    process.on('unhandledRejection', () => {});
    process.on('uncaughtException', () => {});
    process.on('disconnect', () => process.exit(0));
    process.on('message', async (job) => process.send(await this.run(job)));
    process.send({ specs: [...this.tests.keys()] });
    await new Promise(() => {});
  }

  /** @param job the spec, its tests, the mutant, and other settings */
  async run({ spec, tests = null, mutant = null, isFresh = false, wantsCoverage = false }) {
    Object.assign(current, { tests, failure: null, durations: [], names: [], stopsEarly: !wantsCoverage });
    Object.assign(switches, {
      activeMutant: mutant,
      hitCount: 0,
      hitLimit: MOST_HITS,
      currentTestId: 'load',
    });
    const { perTest } = switches.mutantCoverage;
    for (const key of Object.keys(perTest)) delete perTest[key];
    if (isFresh) process.env.MFA_MUTATION_FRESH = 'true';
    else delete process.env.MFA_MUTATION_FRESH;
    const begun = performance.now();
    const failure = await this.runFile(this.tests.get(spec));
    const hits = switches.hitCount;
    switches.activeMutant = null;
    return {
      failure: current.failure ?? failure,
      isEndless: hits > MOST_HITS,
      names: wantsCoverage ? current.names : undefined,
      durations: current.durations,
      took: performance.now() - begun,
      coverage: wantsCoverage ? coverageOf(perTest) : undefined,
    };
  }

  async runFile(test) {
    const runner = new TestRunner(this.globalConfig, this.context);
    let failure = null;
    runner.on('test-file-failure', ([, error]) => (failure = { test: -1, message: String(error?.message) }));
    runner.on('test-file-success', ([, { testExecError, numFailingTests }]) => {
      if (testExecError) failure = { test: -1, message: String(testExecError.message) };
      else if (numFailingTests > 0) failure = { test: -1, message: 'a test failed' };
    });
    await runner.runTests([test], this.watcher, { serial: true });
    return failure;
  }
}

function coverageOf(perTest) {
  return Object.fromEntries(Object.entries(perTest).map(([where, hits]) => [where, Object.keys(hits)]));
}
