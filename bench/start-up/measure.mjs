import { firstWordOf, start } from '../driver/contender.mjs';

const module = new URL('./start.mjs', import.meta.url);

/** Milliseconds of fresh processes, with the library and without, in turn. The tables are there already. */
export async function measureStartUp(settings, rounds) {
  const once = async (options) => firstWordOf(start(module, { settings, synchronize: false, ...options }));
  await once({ isWith: true, synchronize: true });
  const results = { with: [], without: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.without.push(await once({ isWith: false }));
    results.with.push(await once({ isWith: true }));
  }
  return results;
}
