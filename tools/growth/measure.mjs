// Measures one size: fill, enroll, run every flow, first with explain and then for time.
import { randomInt, randomUUID } from 'node:crypto';

import pg from 'pg';

import { flowsOfAdministrators, purge } from './admin-flows.mjs';
import { startApplication } from './application.mjs';
import { createDatabase, dropDatabase, primaryKeysOf, server, sizesOf } from './database.mjs';
import { Explainer } from './explain.mjs';
import { fill } from './fill.mjs';
import { flowsOfActors, flowsOfAnybody } from './flows.mjs';

const EXPLAINED_RUNS = 11;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const note = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** Runs a flow for each subject, and checks the response. */
async function runFlow({ name, expected, run, tick }, subjects, clock, around) {
  for (const subject of subjects) {
    const answer = await around(() => run(subject));
    if (expected !== undefined && answer.status !== expected) {
      throw new Error(`${name} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
  }
  if (tick) clock.advance(31);
}

const subjectsOf = (count) => Array.from({ length: count }, () => ({ id: randomUUID() }));

/** Which statements each flow sends, and how the database executes them. */
async function explainAll(flows, explainer, clock) {
  const costs = new Map();
  const subjects = subjectsOf(EXPLAINED_RUNS);
  for (const flow of flows) {
    const runs = [];
    await runFlow(flow, subjects, clock, async (run) => {
      if (flow.name === null) return run();
      let answer;
      runs.push(await explainer.of(flow, async () => void (answer = await run())));
      return answer;
    });
    if (flow.name === null) continue;
    costs.set(flow.name, {
      statements: median(runs.map((samples) => samples.length)),
      buffers: median(runs.map((samples) => sum(samples.map(({ buffers }) => buffers)))),
      wal: median(runs.map((samples) => sum(samples.map(({ wal }) => wal)))),
      images: median(runs.map((samples) => sum(samples.map(({ images }) => images)))),
    });
  }
  return costs;
}

/** The duration of each flow from call to response, in milliseconds. */
async function timeAll(flows, runs, clock) {
  const times = new Map();
  const subjects = subjectsOf(runs);
  for (const flow of flows) {
    const taken = [];
    await runFlow(flow, subjects, clock, async (run) => {
      const from = performance.now();
      const answer = await run();
      taken.push(performance.now() - from);
      return answer;
    });
    if (flow.name !== null) {
      const sorted = taken.sort((a, b) => a - b);
      times.set(flow.name, { median: median(sorted), p95: sorted[Math.floor(sorted.length * 0.95)] });
    }
  }
  return times;
}

/** Measures everything for this many users. The database is dropped in any case. */
export async function measure(users, runs) {
  const database = `nestjs_mfa_growth_${process.pid}_${users}`;
  const pool = new pg.Pool({ ...server, database, max: 2 });
  // A closing connection may still exist when the database is dropped, and reports an error.
  pool.on('error', () => undefined);
  let application;
  try {
    await createDatabase(database);
    const now = Date.now();
    note(`${users} users: filling`);
    // It creates its keys first, and finds no rows of unknown origin.
    application = await startApplication(database, now);
    await fill(pool, users, now, application.sealKey);
    const fillSeconds = (Date.now() - now) / 1000;
    const sizes = await sizesOf(pool);
    note(`${users} users: filled in ${fillSeconds.toFixed(0)} s; running the flows`);

    const { clock, dataSource } = application;
    const pick = (fits) => {
      for (;;) {
        const n = randomInt(1, users + 1);
        if (fits(n)) return n;
      }
    };
    const context = { ...application, pick };
    const explainer = new Explainer(dataSource, {
      rowsOfTable: new Map(sizes.map(({ name, rows }) => [name, rows])),
      primaryKeys: await primaryKeysOf(pool),
    });
    const requests = [...flowsOfAnybody(context), ...flowsOfActors(context)];
    const admins = flowsOfAdministrators(context);
    const costs = await explainAll([...requests, ...admins], explainer, clock);
    // Fewer runs: a list that reads everything would take all day.
    clock.time = now;
    const times = await timeAll(requests, runs, clock);
    for (const [name, time] of await timeAll(admins, Math.min(runs, 21), clock)) times.set(name, time);

    note(`${users} users: purging`);
    const job = purge(context);
    let removed;
    const samples = await explainer.of(job, async () => {
      removed = await job.run();
    });
    const from = performance.now();
    await job.run();
    const idleMs = performance.now() - from;
    return {
      users,
      fillSeconds,
      sizes,
      costs,
      times,
      samples,
      removed,
      idleMs,
      statements: explainer.statements,
    };
  } finally {
    await application?.app.close();
    await pool.end();
    await dropDatabase(database);
  }
}
