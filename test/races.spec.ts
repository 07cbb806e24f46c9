import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ENGINE } from './support/databases.js';
import { factorFlows } from './support/races/factor-flows.js';
import { interferencesOf } from './support/races/interferences.js';
import { jsonFlows } from './support/races/json-flows.js';
import { pageFlows } from './support/races/page-flows.js';
import { serviceFlows } from './support/races/service-flows.js';
import { BOTH, Races } from './support/races/races.js';
import { THOROUGH } from './support/thorough.js';

describe.each([
  ['JSON routes', jsonFlows],
  ['further factors, trust and proofs', factorFlows],
  ['pages', pageFlows],
  ['services', serviceFlows],
] as const)(`%s, held back while others run (${ENGINE})`, (what, flowsOf) => {
  const races = new Races();
  const flows = flowsOf(races);
  const interferences = interferencesOf(races);
  const counts = { pairs: 0, points: 0, blocked: 0 };
  beforeAll(() => races.start());
  afterAll(async () => {
    await races.test.close();
    process.stdout.write(
      `\nRaces of ${what} on ${ENGINE}: ${counts.pairs} pairs of flows, held back at ${counts.points} points (${counts.blocked} with the other one waiting for a lock)\n`,
    );
  });

  describe.each(BOTH)('of a user who is %s', (kind) => {
    const fitting = flows.filter(({ kinds }) => kinds.includes(kind));
    // Every pair at every point, or those that have found the most, at every other.
    const others = interferences.filter(({ kinds, always }) => kinds.includes(kind) && (THOROUGH || always));
    it.each(fitting.map((flow) => [flow.name, flow] as const))(
      '%s: in every order',
      async (_, flow) => {
        for (const interference of others) {
          counts.pairs += 1;
          const step = THOROUGH ? 1 : 2;
          let point = THOROUGH ? 1 : 1 + (counts.pairs % 2);
          let tried = await races.tryAt(flow, interference, kind, point);
          for (; tried.reached; tried = await races.tryAt(flow, interference, kind, point)) {
            counts.points += 1;
            if (tried.blocked) counts.blocked += 1;
            point += step;
          }
          // Something was held back at all.
          expect(point).toBeGreaterThan(1);
        }
      },
      480_000,
    );
  });
});
