import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Kills stay valid as long as the source is unchanged; survivals, until a test changes or more tests are to be run. */
export class Results {
  statuses = new Map();
  /** Mutants that no test killed last time. */
  survivors = new Set();

  /**
   * @param versionOf returns the hash of a source file; `tests`: the hash of all specs; `budget`: what a mutant is
   * worth
   */
  constructor(file, { versionOf, tests, budget, isAnew }) {
    Object.assign(this, { file, versionOf, tests, budget });
    mkdirSync(dirname(file), { recursive: true });
    if (isAnew || !existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      const { id, version, tests: testsThen, budget: budgetThen, ...result } = JSON.parse(line);
      const isKill = result.status === 'killed' || result.status === 'timeout';
      if (isKill) this.survivors.delete(`${version} ${id}`);
      else this.survivors.add(`${version} ${id}`);
      if (isKill || (testsThen === tests && budgetThen >= budget))
        this.statuses.set(`${version} ${id}`, result);
      else this.statuses.delete(`${version} ${id}`);
    }
  }

  of({ id, file }) {
    return this.statuses.get(`${this.versionOf(file)} ${id}`);
  }

  hasSurvived({ id, file }) {
    return this.survivors.has(`${this.versionOf(file)} ${id}`);
  }

  add({ id, file }, result) {
    const version = this.versionOf(file);
    this.statuses.set(`${version} ${id}`, result);
    appendFileSync(
      this.file,
      `${JSON.stringify({ id, version, tests: this.tests, budget: this.budget, ...result })}\n`,
    );
  }
}
