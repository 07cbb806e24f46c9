import { dirname } from 'node:path';

import { SOURCES } from './instrument.mjs';

/** The minimum overhead of running a spec file, in milliseconds. */
const PER_FILE = 200;

/** The cost of reloading the library in milliseconds: the part that a spec beside its unit needs, and all of it. */
const PER_LOADING = { beside: 150, whole: 2000 };

/** How many specs are tried for a mutant that acts while modules load. */
const MOST_FRESH = 8;

/**
 * How many lines around a mutant are searched for what its tests have in common, and how many tests count as closest.
 */
const NEIGHBOURHOOD = 12;
const MOST_CLOSEST = 10;

/** A spec beside its source is a unit test, and free, if it takes no longer than this, in milliseconds. */
const MOST_BESIDE = 3000;

/** How many specs are at home in a file: those that run through most of what few others run through. */
const MOST_AT_HOME = 2;

/** Decides which tests to run for a mutant, and in which order. */
export class Plan {
  /** The mutants of each source file. */
  inFile = new Map();
  /**
   * By mutant, the specs that run through it, with the positions of the tests, or null if all of them may depend on it.
   */
  coverers = new Map();
  /** The mutants executed while modules load. */
  loading = new Set();
  /** By source file, the specs that run through any of it. */
  touching = new Map();
  /** By source file, the specs that are at home in it. */
  homes = new Map();
  /** By source file, the tests that killed a mutant, latest first. */
  killers = new Map();
  /** The specs with a test that depends on earlier tests: they always run whole. */
  sequential = new Set();

  constructor(coverage, mutants) {
    this.coverage = coverage;
    const fileOf = new Map(mutants.map(({ id, file }) => [id, file]));
    for (const mutant of mutants) entry(this.inFile, mutant.file).set(mutant.id, mutant);
    for (const [spec, { coverage: places }] of coverage) {
      for (const [place, ids] of Object.entries(places)) {
        for (const id of ids) this.#note(spec, place, id, fileOf.get(id));
      }
    }
  }

  #note(spec, place, id, file) {
    if (place === 'load') return void this.loading.add(id);
    const specs = entry(this.coverers, id);
    if (place === 'hooks') specs.set(spec, null);
    else if (specs.get(spec) !== null) specs.set(spec, [...(specs.get(spec) ?? []), Number(place)]);
    entry(this.touching, file).set(spec, spec);
  }

  /**
   * @returns the steps, most likely to kill first: a spec, the positions of the tests in it, and whether to reload the
   * library
   */
  *stepsFor({ id, file, line }) {
    const specs = this.coverers.get(id) ?? new Map();
    yield* this.#lastKillers(file, specs);
    const usual = [...specs].map(([spec, places]) => ({ spec, tests: this.#isWhole(spec) ? null : places }));
    const fresh = this.loading.has(id) ? this.#freshSteps(file) : [];
    const steps = this.#sorted([...usual, ...fresh], file);
    yield* steps.filter(({ isBeside }) => isBeside);
    yield* this.#closest(file, line, specs);
    yield* steps.filter(({ isBeside }) => !isBeside);
  }

  isCovered({ id }) {
    return this.coverers.has(id) || this.loading.has(id);
  }

  #isWhole(spec) {
    return this.sequential.has(spec);
  }

  /**
   * Tests that recently killed a mutant's neighbors often kill it too: tries those of the spec with the last kill
   * before running anything whole.
   */
  *#lastKillers(file, specs) {
    const likely = (this.killers.get(file) ?? []).filter(({ spec, test }) => {
      const places = specs.get(spec);
      return !this.#isWhole(spec) && (places === null || places?.includes(test));
    });
    const [last] = likely;
    if (!last) return;
    const tests = likely.filter(({ spec }) => spec === last.spec).map(({ test }) => test);
    yield { spec: last.spec, tests: tests.slice(0, 4) };
  }

  /**
   * The tests that run through code which few others nearby run through. They are the ones likely to see a branch that
   * a mutant takes or leaves, while most tests that run through a condition never see its other side.
   */
  #closest(file, line, specs) {
    const scores = new Map();
    for (const other of this.inFile.get(file).values()) {
      if (Math.abs(other.line - line) > NEIGHBOURHOOD) continue;
      const coverers = [...(this.coverers.get(other.id) ?? [])].filter(([, places]) => places !== null);
      const all = coverers.reduce((sum, [, places]) => sum + places.length, 0);
      for (const [spec, places] of coverers) {
        for (const place of places) add(entry(scores, spec), place, 1 / all);
      }
    }
    const scored = [...scores].flatMap(([spec, places]) =>
      [...places].map(([test, score]) => ({ spec, test, score })),
    );
    const likely = scored
      .filter(({ spec, test }) => specs.get(spec)?.includes(test) && !this.#isWhole(spec))
      .sort((a, b) => b.score - a.score)
      .slice(0, MOST_CLOSEST);
    const bySpec = new Map();
    for (const { spec, test } of likely) bySpec.set(spec, [...(bySpec.get(spec) ?? []), test]);
    return [...bySpec].map(([spec, tests]) => ({ spec, tests }));
  }

  noteKiller(file, spec, test) {
    if (test < 0) return;
    const others = (this.killers.get(file) ?? []).filter((one) => one.spec !== spec || one.test !== test);
    this.killers.set(file, [{ spec, test }, ...others].slice(0, 12));
  }

  #freshSteps(file) {
    const touching = this.touching.get(file) ?? this.#touchingFolder(dirname(file));
    const specs = new Set(touching.keys());
    // The spec of a file that only acts while it loads runs through none of it afterwards.
    if (this.coverage.has(specOf(file))) specs.add(specOf(file));
    const steps = [...specs].map((spec) => ({ spec, tests: null, isFresh: true }));
    return this.#sorted(steps, file).slice(0, MOST_FRESH);
  }

  #touchingFolder(folder) {
    const inFolder = [...this.touching].filter(([file]) => dirname(file) === folder);
    return new Map(inFolder.flatMap(([, specs]) => [...specs]));
  }

  /**
   * The specs beside the file first, then those at home in it, then those that have killed there, then those for the
   * same folder's behavior; the fastest first in each group.
   */
  #sorted(steps, file) {
    const rank = this.#rankIn(file);
    const known = steps.map((step) => {
      const cost = this.costOf(step);
      return { step, rank: rank(step.spec, cost), cost };
    });
    known.sort((a, b) => a.rank - b.rank || a.cost - b.cost);
    return known.map(({ step, rank: place }) => ({
      ...step,
      isBeside: place <= 1,
      // Worth its price if nothing tells which of its tests matters.
      isAtHome: place === 2 && step.tests === null,
    }));
  }

  #rankIn(file) {
    const beside = specOf(file);
    const killing = new Set((this.killers.get(file) ?? []).map(({ spec }) => spec));
    const homes = this.#homesOf(file);
    const places = [`${SOURCES}/${dirname(file)}/`, `test/${dirname(file)}/`, `test/${file.split('/')[0]}/`];
    return (spec, cost) => {
      const isQuick = cost <= MOST_BESIDE;
      if (isQuick && spec === beside) return 0;
      if (isQuick && dirname(spec) === `${SOURCES}/${dirname(file)}`) return 1;
      if (homes.includes(spec)) return 2;
      if (killing.has(spec)) return 3;
      const place = places.findIndex((one) => spec.startsWith(one));
      return place < 0 ? 6 : 3 + place;
    };
  }

  /** Nearly every spec runs through boot code, but it matters to few: those that alone run through what it prepares. */
  #homesOf(file) {
    if (!this.homes.has(file)) {
      const scores = new Map();
      for (const id of this.inFile.get(file).keys()) {
        const specs = [...(this.coverers.get(id)?.keys() ?? [])];
        for (const spec of specs) scores.set(spec, (scores.get(spec) ?? 0) + 1 / specs.length);
      }
      const sorted = [...scores].sort(([, a], [, b]) => b - a);
      this.homes.set(
        file,
        sorted.slice(0, MOST_AT_HOME).map(([spec]) => spec),
      );
    }
    return this.homes.get(file);
  }

  /** How long a step takes without a mutant, in milliseconds. */
  costOf({ spec, tests, isFresh }) {
    const { durations, took } = this.coverage.get(spec);
    const sum = (list) => list.reduce((all, one) => all + (one ?? 0), 0);
    const loading = isFresh ? PER_LOADING[spec.startsWith(SOURCES) ? 'beside' : 'whole'] : 0;
    const chosen = tests ? tests.map((place) => durations[place]) : durations;
    return loading + Math.max(PER_FILE, took - sum(durations)) + sum(chosen);
  }
}

/** The spec beside a source file. */
function specOf(file) {
  return `${SOURCES}/${file.replace(/\.ts$/, '.spec.ts')}`;
}

function add(map, key, value) {
  map.set(key, (map.get(key) ?? 0) + value);
}

function entry(map, key) {
  let inner = map.get(key);
  if (!inner) map.set(key, (inner = new Map()));
  return inner;
}
