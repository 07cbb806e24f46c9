import { firstWordOf, start } from '../driver/contender.mjs';

const module = new URL('./start.mjs', import.meta.url);

/**
 * The start-up time of new processes in milliseconds, with and without the library, in turn. The tables already exist.
 */
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
