import { dirname } from 'node:path';

import { SOURCES } from './instrument.mjs';

/** What running a spec file costs at least besides its tests, in milliseconds. */
const PER_FILE = 200;

/** What loading the library anew costs: what a spec beside its unit takes of it, and all. */
const PER_LOADING = { beside: 150, whole: 2000 };

/** Of the specs that may see a mutant which acts while modules load, so many are tried. */
const MOST_FRESH = 8;

/** In how many lines around a mutant it is looked for what its tests have in common, and how many of them are taken for closest. */
const NEIGHBOURHOOD = 12;
const MOST_CLOSEST = 10;

/** A spec that stands beside the source is a test of units, and free, if it takes no longer than this, in milliseconds. */
const MOST_BESIDE = 3000;

/** So many specs are at home in a file: nobody goes through as much of it that few others go through. */
const MOST_AT_HOME = 2;

/** Which tests are run for a mutant, in which order. */
export class Plan {
  /** By source file, its mutants. */
  inFile = new Map();
  /** By mutant, who runs through it: the specs, with the places of the tests, or null where all of them may depend on it. */
  coverers = new Map();
  /** The mutants that are run through while modules load. */
  loading = new Set();
  /** By source file, the specs that run through any of it. */
  touching = new Map();
  /** By source file, the specs that are at home in it. */
  homes = new Map();
  /** By source file, the tests that killed a mutant, newest first. */
  killers = new Map();
  /** The specs of which a test needs what those before it did: they are run whole. */
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

  /** @returns the steps: a spec, the places of the tests in it, and whether the library is to be loaded anew; what is likely to kill first */
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

  /** What killed neighbours of a mutant lately often kills it too: of the spec of the last kill those tests, before anything is run whole. */
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
   * The tests that go through what few others go through around there: a branch that a mutant takes or leaves is their business, while most tests that
   * run through a condition never see the other side of it.
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
    const steps = [...touching.keys()].map((spec) => ({ spec, tests: null, isFresh: true }));
    return this.#sorted(steps, file).slice(0, MOST_FRESH);
  }

  #touchingFolder(folder) {
    const inFolder = [...this.touching].filter(([file]) => dirname(file) === folder);
    return new Map(inFolder.flatMap(([, specs]) => [...specs]));
  }

  /**
   * The specs beside the file first, then those at home in it, then those that have killed there, then those of the same folder's behaviour; of these the
   * quickest.
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
      // Worth its price where nothing tells which of its tests matters.
      isAtHome: place === 2 && step.tests === null,
    }));
  }

  #rankIn(file) {
    const beside = `${SOURCES}/${file.replace(/\.ts$/, '.spec.ts')}`;
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

  /** What acts while an application boots is run through by nearly every spec, and matters to few: to those that alone run through what it prepares. */
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

function add(map, key, value) {
  map.set(key, (map.get(key) ?? 0) + value);
}

function entry(map, key) {
  let inner = map.get(key);
  if (!inner) map.set(key, (inner = new Map()));
  return inner;
}
