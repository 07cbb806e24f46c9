// The guarded route under load: response times at a rate that all can sustain, and the maximum throughput.
import autocannon from 'autocannon';

import { quantile } from '../report/statistics.mjs';
import { FLOWS } from './flows.mjs';
import { cookieOf } from './http.mjs';

const CONNECTIONS = 10;

function targetsOf(contenders) {
  const guarded = contenders
    .filter(({ flows }) => 'login' in flows)
    .map((contender) => ({ contender, name: contender.name, path: '/guarded' }));
  const [{ contender }] = guarded;
  return [{ contender, name: `${contender.name}, unguarded`, path: '/open' }, ...guarded];
}

/**
 * The time of each response in milliseconds, and the number of responses per second and per second of the server's CPU
 * time.
 */
async function shoot({ contender, path }, options) {
  const [user] = contender.users;
  const times = [];
  const cpuBefore = await contender.ask('cpu');
  const result = await new Promise((resolve, reject) => {
    const run = autocannon(
      {
        url: contender.url + path,
        connections: CONNECTIONS,
        headers: { cookie: cookieOf(user) },
        ...options,
      },
      (error, done) => (error ? reject(error) : resolve(done)),
    );
    run.on('response', (_client, _status, _bytes, time) => times.push(time));
  });
  const cpu = (await contender.ask('cpu')) - cpuBefore;
  if (result.non2xx > 0 || result.errors > 0 || times.length === 0) {
    throw new Error(`${contender.name}: ${result.non2xx} refusals and ${result.errors} errors under load`);
  }
  return { times, perSecond: times.length / result.duration, perCpuSecond: times.length / (cpu / 1e6) };
}

/** @returns the measurements of each target, once per round */
export async function measureLoad(contenders, { loadRounds, seconds, rate, isQuick }, note) {
  const targets = targetsOf(contenders);
  for (const target of targets) {
    await target.contender.tick();
    await FLOWS.guarded.before(target.contender, target.contender.users[0]);
    if (!isQuick) await shoot(target, { duration: 1 });
  }
  const results = Object.fromEntries(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < loadRounds; round += 1) {
    note(`load, round ${round + 1} of ${loadRounds}`);
    for (const target of targets) {
      const { times } = await shoot(target, { duration: seconds, overallRate: rate });
      const { perSecond, perCpuSecond } = await shoot(target, { duration: seconds });
      const [p50, p95, p99] = [0.5, 0.95, 0.99].map((part) => quantile(times, part));
      results[target.name].push({ p50, p95, p99, perSecond, perCpuSecond });
    }
  }
  return results;
}
