import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ENGINE } from '../support/databases.js';
import { factorFlows } from '../support/races/factor-flows.js';
import { interferencesOf } from '../support/races/interferences.js';
import { jsonFlows } from '../support/races/json-flows.js';
import { pageFlows } from '../support/races/page-flows.js';
import { serviceFlows } from '../support/races/service-flows.js';
import { BOTH, Races } from '../support/races/races.js';
import { THOROUGH, sample } from '../support/thorough.js';

/** `all`: every pair at every point, which takes a quarter of an hour. */
const ALL = process.env['MFA_TEST_RACES'] === 'all';

/**
 * Of what is built of the same parts not every point of each pair is tried, but the first, the second, the third by turns: of an
 * interference that all flows share, every point is.
 */
const SUITES = [
  { what: 'JSON routes', flowsOf: jsonFlows, step: THOROUGH ? 1 : 3 },
  { what: 'further factors, trust and proofs', flowsOf: factorFlows, step: THOROUGH ? 3 : 4 },
  { what: 'pages', flowsOf: pageFlows, step: THOROUGH ? 3 : 4 },
  { what: 'services', flowsOf: serviceFlows, step: THOROUGH ? 3 : 4 },
];

describe.each(SUITES)(`$what, held back while others run (${ENGINE})`, ({ what, flowsOf, step: usual }) => {
  const step = ALL ? 1 : usual;
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
    const ofKind = flows.filter(({ kinds }) => kinds.includes(kind));
    // The usual run has every sixth flow.
    const fitting = sample(ofKind, 6);
    // Every pair, or those that have found the most.
    const others = interferences.filter(
      ({ kinds, always }) => kinds.includes(kind) && (THOROUGH || ALL || always),
    );
    it.each(fitting.map((flow) => [flow.name, flow] as const))(
      '%s: in every order',
      async (_, flow) => {
        const before = counts.points;
        for (const interference of others) {
          counts.pairs += 1;
          let point = 1 + (counts.pairs % step);
          let tried = await races.tryAt(flow, interference, kind, point);
          // A flow with fewer points than that has a first one.
          if (!tried.reached && point > 1) tried = await races.tryAt(flow, interference, kind, (point = 1));
          for (; tried.reached; tried = await races.tryAt(flow, interference, kind, point)) {
            counts.points += 1;
            if (tried.blocked) counts.blocked += 1;
            point += step;
          }
        }
        // Something was held back at all.
        expect(counts.points).toBeGreaterThan(before);
      },
      480_000,
    );
  });
});
