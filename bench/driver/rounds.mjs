// All contenders take turns within each flow of each round, so that other activity on the machine affects all of them.
import { performance } from 'node:perf_hooks';

import { FLOWS, takesPart } from './flows.mjs';

/**
 * Measures one flow of one contender: the time per request, in microseconds of the client's clock and of the server's
 * CPU.
 */
async function runBatch(contender, name, passes) {
  const { before, isKept, after, users } = FLOWS[name];
  const run = contender.flows[name];
  const people = contender[users];
  let wall = 0;
  let cpu = 0;
  let prepared = [];
  for (let pass = 0; pass < passes; pass += 1) {
    if (pass === 0 || !isKept) {
      await contender.tick();
      prepared = [];
      for (const user of people) prepared.push([user, await before(contender, user)]);
    }
    const cpuBefore = await contender.ask('cpu');
    for (const [user, argument] of prepared) {
      const from = performance.now();
      await run(user, argument);
      wall += performance.now() - from;
    }
    cpu += (await contender.ask('cpu')) - cpuBefore;
    if (pass === passes - 1 || !isKept) for (const user of people) await after(contender, user);
  }
  const requests = people.length * passes;
  return { wall: (wall * 1000) / requests, cpu: cpu / requests };
}

/** Starts at a different entry each time. */
const turned = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];

/** @returns by flow, a sample for each contender and counted round */
export async function runRounds(contenders, names, { rounds, warmUp, isQuick }, note) {
  const results = Object.fromEntries(names.map((name) => [name, {}]));
  for (let round = -warmUp; round < rounds; round += 1) {
    note(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`);
    for (const [index, name] of names.entries()) {
      const those = contenders.filter((one) => takesPart(one, name));
      for (const contender of turned(those, round + warmUp + index)) {
        const sample = await runBatch(contender, name, isQuick ? 1 : FLOWS[name].passes);
        if (round >= 0) (results[name][contender.name] ??= []).push(sample);
      }
    }
  }
  return results;
}
