// Mutation testing: introduces small faults into the library, one at a time, and checks whether a test fails. Prints a
// table; writes survivors to coverage/mutation/survivors.txt; exits with 1 when the score of a folder or sample is
// below the floor.
//
//     node tools/mutation.mjs [--folder core/policy] [--file policy.ts] [--specs test/guard] [--covered] [--sample 200 --seed 1]
//       [--budget 20] [--floor 90] [--concurrency 2] [--survivors] [--anew]
//
// `--folder` and `--file` select sources, `--specs` selects tests, and `--covered` the mutants that these run through;
// `--sample` picks that many at random. `--survivors` runs only mutants that no test killed last time. `--budget`: how
// many seconds of tests a mutant is worth. Kills are remembered until the source changes (coverage/mutation); `--anew`
// forgets them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { coverageOf } from './mutation/coverage.mjs';
import { Equivalents } from './mutation/equivalents.mjs';
import { SOURCES, instrument } from './mutation/instrument.mjs';
import { Judge } from './mutation/judge.mjs';
import { Plan } from './mutation/plan.mjs';
import { groupsOf, scoreOf, survivorsOf, tableOf, topOf } from './mutation/report.mjs';
import { Results } from './mutation/results.mjs';
import { Worker } from './mutation/worker.mjs';
import { ROOT } from './support/built.mjs';
import { copyTree, linkPackages } from './support/copy-tree.mjs';
import { Random } from './support/random.mjs';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', multiple: true, default: [''] },
    file: { type: 'string', default: '' },
    specs: { type: 'string', multiple: true, default: [''] },
    covered: { type: 'boolean', default: false },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    budget: { type: 'string', default: '20' },
    floor: { type: 'string', default: '90' },
    concurrency: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    survivors: { type: 'boolean', default: false },
    anew: { type: 'boolean', default: false },
  },
});

for (const name of ['sample', 'seed', 'budget', 'floor', 'concurrency']) {
  const value = values[name];
  if (value !== undefined && !(Number(value) > 0))
    throw new Error(`--${name} must be a number above 0: ${value}`);
}

const KEPT = join(ROOT, 'coverage/mutation');
const begun = Date.now();
const say = (text) =>
  process.stderr.write(`${String(Math.round((Date.now() - begun) / 1000)).padStart(5)} s  ${text}\n`);
const hashOf = (...texts) =>
  texts
    .reduce((hash, text) => hash.update(text), createHash('sha256'))
    .digest('hex')
    .slice(0, 16);

// One per working tree, always at the same path, since Jest caches what it compiles by path.
const copy = join(tmpdir(), `nestjs-mfa-mutation-${hashOf(ROOT)}`);

/** Creates a copy of the working tree with all mutants in it. */
async function prepare() {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  copyTree(copy);
  linkPackages(copy);
  const mutants = await instrument(copy);
  const setUp = "import('./test/support/global-setup.mjs').then((one) => one.default())";
  execFileSync(process.execPath, ['-e', setUp], { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] });
  return mutants;
}

function choose(mutants, plan, results) {
  const chosen = mutants.filter(
    (mutant) =>
      !mutant.ignored &&
      (!values.survivors || results.hasSurvived(mutant)) &&
      values.folder.some((folder) => mutant.file.startsWith(folder)) &&
      mutant.file.includes(values.file) &&
      (!values.covered || plan.isCovered(mutant)),
  );
  if (!values.sample) return chosen;
  const random = new Random(Number(values.seed));
  const keyed = chosen.map((mutant) => [random.next(), mutant]).sort(([a], [b]) => a - b);
  return keyed.slice(0, Number(values.sample)).map(([, mutant]) => mutant);
}

/** Judges what has no result yet; `settle` receives each result as it arrives. */
async function judgeAll(waiting, lanes, plan, settle) {
  const isProven = new Set();
  const budget = 1000 * Number(values.budget);
  const again = (mutant) => waiting.push(mutant);
  await Promise.all(
    lanes.map(async (worker) => {
      const judge = new Judge(worker, plan, { budget, isProven, settle, again });
      for (;;) {
        const mutant = waiting.shift();
        if (mutant) await judge.judge(mutant);
        else {
          await judge.control();
          if (waiting.length === 0) return;
        }
      }
    }),
  );
}

const mutants = await prepare();
say(`${mutants.length} mutants, ${mutants.filter(({ ignored }) => ignored).length} of them ignored`);

const lanes = Array.from({ length: Number(values.concurrency) }, () => new Worker(copy));
process.on('exit', () => lanes.forEach((worker) => worker.stop()));
await Promise.all(lanes.map((worker) => worker.start()));
const specs = lanes[0].specs.filter((spec) => values.specs.some((part) => spec.includes(part)));
const coverage = await coverageOf(specs, {
  lanes,
  copy,
  folder: join(KEPT, 'specs'),
  sources: hashOf(...mutants.map(({ id, code, replacement }) => id + code + replacement)),
  say,
});
const plan = new Plan(coverage, mutants);
const versions = new Map();
const versionOf = (file) => {
  if (!versions.has(file)) versions.set(file, hashOf(readFileSync(join(ROOT, SOURCES, file))));
  return versions.get(file);
};
const results = new Results(join(KEPT, 'results.jsonl'), {
  versionOf,
  tests: hashOf(...[...coverage.keys()].map((spec) => readFileSync(join(copy, spec)))),
  budget: Number(values.budget),
  isAnew: values.anew,
});
const chosen = choose(mutants, plan, results);
if (chosen.length === 0) throw new Error('There are no mutants in that part of the sources');
say(`${coverage.size} spec files to run; ${chosen.length} mutants to test`);

const equivalents = new Equivalents();
for (const { file, code } of equivalents.stale(mutants))
  say(`equivalents.json: ${file} no longer has this mutant: ${code}`);
for (const mutant of chosen) mutant.equivalent = equivalents.reasonFor(mutant);
const waiting = chosen.filter((mutant) => !mutant.equivalent && !results.of(mutant));
say(`${chosen.length - waiting.length} are known`);

let done = 0;
await judgeAll(waiting, lanes, plan, (mutant, result) => {
  results.add(mutant, result);
  done += 1;
  if (done % 100 === 0) say(`${done} judged, ${waiting.length} to go`);
});
lanes.forEach((worker) => worker.stop());

const judged = chosen.map((mutant) => ({
  ...mutant,
  status: mutant.equivalent ? 'equivalent' : results.of(mutant).status,
}));
process.stdout.write(`${tableOf(judged)}\n`);
writeFileSync(join(KEPT, 'survivors.txt'), survivorsOf(judged));
// In a sample, folders may have only a few mutants each.
const groups = values.sample ? new Map([['the sample', judged]]) : groupsOf(judged, topOf);
const low = [...groups].filter(([, group]) => scoreOf(group) < Number(values.floor));
for (const [name] of low) process.stderr.write(`${name} is below ${values.floor} %\n`);
say('done');
process.exit(low.length === 0 ? 0 : 1);
