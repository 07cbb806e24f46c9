import { performance } from 'node:perf_hooks';

/** The time of one run, in microseconds of the clock and of the CPU. */
export async function costOf(run, times) {
  const cpuBefore = process.cpuUsage();
  const from = performance.now();
  for (let index = 0; index < times; index += 1) await run();
  const wall = (performance.now() - from) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall: wall / times, cpu: (user + system) / times };
}
