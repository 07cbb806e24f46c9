import { relative } from 'node:path';

import TestRunner from 'jest-runner';

import { current, switches } from './current.mjs';

/**
 * How often an active mutant may be come by. Real loops of the library end after some thousand rounds; one that a mutant made endless ends here, and
 * the worker can go on.
 */
const MOST_HITS = 300_000;

/**
 * The runner of Jest in a worker of tools/mutation.mjs. It runs no list of files, but what the parent process asks for, one spec file at a time, for as
 * long as it asks: so Jest, the packages and the library are loaded once for many mutants.
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
    // What a mutant has left running may fail between two files; within one Jest listens itself.
    process.on('unhandledRejection', () => {});
    process.on('uncaughtException', () => {});
    process.on('disconnect', () => process.exit(0));
    process.on('message', async (job) => process.send(await this.run(job)));
    process.send({ specs: [...this.tests.keys()] });
    await new Promise(() => {});
  }

  /** @param job the spec, the tests of it, the mutant, and what is asked for besides */
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
