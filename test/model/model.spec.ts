import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ENGINE } from '../support/databases.js';
import { TOURS, inTurn, withRaces } from './stories.js';
import { play } from './play.js';
import { World } from './world.js';

/** For so long each of the two is played, in seconds; without it, so many stories. */
const SECONDS = Number(process.env['MFA_MODEL_SECONDS'] ?? 0);
const STORIES = ENGINE === 'sqlite' ? 25 : 10;

/** Whether a shorter story is looked for when one fails. It would take minutes on a server. */
const IS_SHRUNK = ENGINE === 'sqlite' && process.env['MFA_MODEL_SHRINK'] !== 'false';

/** The time of one run, and of looking for a shorter story. */
const LONGEST_MS = 90_000;

/** Says which stories are told, to see some again. */
const SEED = process.env['MFA_MODEL_SEED'];

describe.each([
  { what: 'one after another', stories: inTurn, tours: TOURS, budget: { attempts: 5, messages: 5 } },
  // A request that gives way may have spent an attempt or a message: the budgets have stories of their own.
  { what: 'several at once', stories: withRaces, tours: [], budget: { attempts: 100_000, messages: 100 } },
])(`stories of Ann, Bob and two thieves, $what (${ENGINE})`, ({ what, stories, tours, budget }) => {
  const world = new World(budget);
  const counts = { stories: 0, requests: 0 };
  beforeAll(() => world.start());
  afterAll(async () => {
    await world.test.close();
    const { tally } = world;
    process.stdout.write(
      `\nModel, ${what}, on ${ENGINE}: ${counts.stories} stories, ${counts.requests} requests, ` +
        `${tally.count('page')} of them by pages, ${tally.count('forged form')} by forged forms; ` +
        `never granted: ${tally.missing.join(', ') || 'nothing'}\n`,
    );
  });

  it(
    'are what the model says',
    async () => {
      const story = fc.asyncProperty(stories, async (turns) => {
        counts.stories += 1;
        counts.requests += await play(world, turns);
      });
      const settings = {
        numRuns: tours.length + STORIES,
        examples: tours,
        endOnFailure: !IS_SHRUNK,
        // In time to say what failed, and with which seed.
        interruptAfterTimeLimit: LONGEST_MS,
        markInterruptAsFailure: true,
        ...(SEED === undefined ? {} : { seed: Number(SEED) }),
      };
      const until = Date.now() + SECONDS * 1000;
      do await fc.assert(story, settings);
      while (Date.now() < until);
      expect(counts.requests).toBeGreaterThan(counts.stories);
      // By chance alone some are rarely granted.
      expect(tours.length === 0 ? [] : world.tally.missing).toEqual([]);
    },
    (SECONDS + 120) * 1000,
  );
});
