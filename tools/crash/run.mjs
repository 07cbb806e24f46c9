// Rounds of activity that end in a crash, and what is found afterwards.
import { setTimeout as wait } from 'node:timers/promises';

import { createDatabase } from '../support/databases.mjs';
import { Random } from '../support/random.mjs';
import { Actor, Lost } from './actor.mjs';
import { readUsers, violationsOf } from './checks.mjs';
import { clockSince } from './common.mjs';
import { settle } from './settle.mjs';
import { Victim } from './victim.mjs';

/** A crash comes after at most this many responses and milliseconds, since machines differ in speed. */
const MOST_ANSWERS = 60;
const LONGEST_DELAY_MS = 15;
/** The maximum time a start may take before it is killed. */
const LONGEST_START_MS = 400;
/** How many rounds pass before a user is replaced by a new one. */
const NEW_USER_EVERY = 8;

const NOTE_EVERY = 25;

class World {
  counts = new Map();
  violations = [];
  expectsOutage = false;
  isStopping = false;

  constructor(seed, startedAt) {
    this.random = new Random(seed);
    this.clock = clockSince(startedAt);
  }

  count(what, number = 1) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + number);
  }

  /** Resolves after this many more responses. */
  async answers(number) {
    const end = (this.counts.get('answered') ?? 0) + number;
    while (!this.isStopping && (this.counts.get('answered') ?? 0) < end) await wait(1);
  }

  complain(text) {
    this.violations.push(`${this.round}: ${text}`);
  }
}

/** Reports the progress of a long run. */
function note({ round, violations }, done, times) {
  if (done > 0 && done % NOTE_EVERY === 0)
    process.stderr.write(`${round} of ${times}, ${violations.length} violations so far\n`);
}

/** Sends one user's requests, one after another, until the crash. */
async function work(actor) {
  while (!actor.world.isStopping) {
    try {
      await actor.act();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      return;
    }
  }
}

async function inspect(world, db, ids) {
  for (const [id, user] of await readUsers(db, ids)) {
    for (const text of violationsOf(user)) world.complain(`${id}: ${text}`);
  }
}

async function settleAll(world, actors, db) {
  await Promise.all(
    actors.map(async (actor) => {
      try {
        await settle(actor, db);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        actor.startOver();
      }
    }),
  );
  for (const actor of actors) if (world.random.chance(1 / NEW_USER_EVERY)) actor.startOver();
}

/** One round: activity, a crash in the middle, a check of the database. */
async function round(world, actors, db, crash) {
  world.isStopping = false;
  const working = Promise.all(actors.map(work));
  // Without an application there are no responses.
  await Promise.race([world.answers(Math.floor(world.random.between(0, MOST_ANSWERS))), working]);
  await wait(world.random.between(0, LONGEST_DELAY_MS));
  const idle = actors.filter(({ doubt }) => doubt === null).length;
  world.count('requests under way that change something', actors.length - idle);
  await crash();
  world.isStopping = true;
  await working;
  const ids = actors.map(({ id }) => id);
  await inspect(world, db, ids);
}

/** Kills the process while it creates its tables, so that the next start must finish them. */
async function killStarts(world, engine, times) {
  for (let done = 0; done < times; done++) {
    world.round = `start ${done + 1}`;
    const db = await createDatabase(engine);
    const victim = new Victim({ orm: db.orm, startedAt: Date.now() });
    try {
      await victim.launch();
      await wait(world.random.between(1, LONGEST_START_MS));
      await victim.kill();
      await victim.start();
    } catch (error) {
      world.complain(error.message);
    } finally {
      await victim.close();
      await db.drop();
    }
  }
}

async function kills(world, actors, db, victim, times) {
  for (let done = 0; done < times; done++) {
    world.round = `kill ${done + 1}`;
    note(world, done, times);
    await round(world, actors, db, async () => {
      await victim.kill();
      await db.isQuiet?.();
    });
    world.url = await victim.start();
    await settleAll(world, actors, db);
  }
}

/** Cuts all connections to the server: twice in quick succession, or once while new ones are blocked. */
async function cuts(world, actors, db, victim, times) {
  for (let done = 0; done < times; done++) {
    world.round = `cut ${done + 1}`;
    note(world, done, times);
    world.expectsOutage = true;
    await round(world, actors, db, async () => {
      const isShut = db.accept && world.random.chance(0.3);
      if (isShut) await db.accept(false);
      world.count('connections cut', await db.cut());
      await wait(world.random.between(0, 30));
      if (isShut) await db.accept(true);
      else world.count('connections cut', await db.cut());
    });
    world.expectsOutage = false;
    if (victim.hasEnded) {
      world.complain('the application has ended by itself');
      world.url = await victim.start();
    }
    await settleAll(world, actors, db);
  }
}

/** @returns the counts and the violations */
export async function run({ engine, seed, users, ...times }) {
  const startedAt = Date.now();
  const world = new World(seed, startedAt);
  await killStarts(world, engine, times.starts);
  const db = await createDatabase(engine);
  const victim = new Victim({ orm: db.orm, startedAt });
  try {
    world.server = await db.describe();
    world.url = await victim.start();
    const actors = Array.from({ length: users }, () => new Actor(world));
    await kills(world, actors, db, victim, times.kills);
    if (db.cut) await cuts(world, actors, db, victim, times.cuts);
    world.round = 'at the end';
    await inspect(world, db);
    const [{ count }] = await db.rows('SELECT COUNT(*) AS count FROM mfa_user_state');
    world.count('users', count);
  } finally {
    await victim.close();
    await db.drop();
  }
  return { ...world, seconds: Math.round((Date.now() - startedAt) / 1000) };
}
