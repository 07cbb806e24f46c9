// Everything in sequence: enrollment, an hour of use, a slow database, an unresponsive one, and how soon all is back to
// normal.
import { setTimeout as wait } from 'node:timers/promises';

import { createDatabase } from '../support/databases.mjs';
import { Random } from '../support/random.mjs';
import { Answers } from './answers.mjs';
import { clockSince } from './common.mjs';
import { Application } from './process.mjs';
import { SlowLink } from './slow-link.mjs';
import { User } from './user.mjs';

/** Tables from which this module also removes rows. The audit trail is kept for a year, and grows. */
const TABLES = ['mfa_session', 'mfa_totp_setup', 'mfa_user_state', 'mfa_authenticator', 'mfa_recovery_code'];
const ENROLLED_AT_ONCE = 4;
const SAMPLE_EVERY_MS = 15_000;
/** The fraction of the total time for the hour; the rest is for database problems. */
const STEADY_PART = 0.75;
const SLOW_MS = 400;
const SLOW_PART = 0.1;
const SILENT_SECONDS = 20;
/** Requests that keep coming while the database is unresponsive, whether or not the previous ones have finished. */
const FLOOD_PER_SECOND = 200;
const RECOVERY_SECONDS = 30;

const note = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

async function rowsOf(db) {
  const counts = {};
  for (const table of [...TABLES, 'mfa_audit_entry']) {
    const [{ count }] = await db.rows(`SELECT COUNT(*) AS count FROM ${table}`);
    counts[table] = count;
  }
  return counts;
}

async function enrolAll(users) {
  const waiting = [...users];
  const work = async () => {
    for (let user = waiting.pop(); user; user = waiting.pop()) await user.enrol();
  };
  await Promise.all(Array.from({ length: ENROLLED_AT_ONCE }, work));
}

/** Takes samples until the given time, in milliseconds since the Unix epoch. */
async function observe({ application, db }, until, isFull = true) {
  const samples = [];
  while (Date.now() < until) {
    await wait(Math.min(isFull ? SAMPLE_EVERY_MS : 1000, Math.max(1, until - Date.now())));
    const sample = await application.sample(isFull);
    samples.push(isFull ? { ...sample, rows: await rowsOf(db) } : sample);
  }
  return samples;
}

/** Requests by signed-in users, at a steady rate. */
function flood({ url, random }, users, answers) {
  const signedIn = users.filter(({ cookies }) => cookies.size > 0);
  const world = { url, random, note: (answer) => answers.add(answer) };
  const timer = setInterval(() => {
    const user = new User('flood', world);
    user.cookies = new Map(random.pick(signedIn).cookies);
    void user.send('GET', '/guarded', undefined, 200, 401, 403).then(() => user.http.close());
  }, 1000 / FLOOD_PER_SECOND);
  return () => clearInterval(timer);
}

/** Seconds until a request succeeds normally again, and the results of all others from then on. */
async function recovery(scene, startedAt) {
  const { answers } = scene;
  const user = new User(`after-${startedAt}`, scene.world);
  let seconds = null;
  while (seconds === null && Date.now() - startedAt < RECOVERY_SECONDS * 1000) {
    const { status } = await user.login();
    if (status === 200) seconds = (Date.now() - startedAt) / 1000;
    else await wait(100);
  }
  // By then, everything sent during the outage has its response.
  await wait(5000);
  answers.begin('after it');
  return seconds;
}

async function run(scene, minutes) {
  const { application, answers, link, world, users } = scene;
  const whole = minutes * 60_000;
  note(`${users.length} users enroll`);
  answers.begin('enrollment');
  await enrolAll(users);
  const idle = await application.sample(true);

  note('an hour of use');
  answers.begin('an hour of use');
  const lives = users.map((user) => user.live());
  const steady = await observe(scene, Date.now() + whole * STEADY_PART);

  note('a slow database');
  answers.begin(`a database that is ${SLOW_MS} ms away`);
  link.delayMs = SLOW_MS;
  const slow = await observe(scene, Date.now() + whole * SLOW_PART, false);
  link.delayMs = 0;
  await wait(2000);

  note('a silent database');
  answers.begin('a silent database');
  link.isSilent = true;
  const stopFlood = flood(world, users, answers);
  const silent = await observe(scene, Date.now() + SILENT_SECONDS * 1000, false);
  stopFlood();
  link.speak();
  const recoveredAfter = await recovery(scene, Date.now());

  const rest = whole * (1 - STEADY_PART - SLOW_PART) - SILENT_SECONDS * 1000;
  const after = await observe(scene, Date.now() + Math.max(rest, 20_000));
  world.isOver = true;
  await Promise.all(lives);
  return { idle, steady, slow, silent, recoveredAfter, after };
}

export async function measure({ engine, minutes, connections }) {
  const startedAt = Date.now();
  const db = await createDatabase(engine);
  const link = await SlowLink.to({ host: db.orm.host, port: db.orm.port });
  const answers = new Answers();
  let application;
  try {
    const orm = { ...db.orm, host: '127.0.0.1', port: link.port };
    application = await Application.start({ orm, startedAt });
    const world = {
      url: application.url,
      clock: clockSince(startedAt),
      random: new Random(startedAt),
      note: (answer) => answers.add(answer),
      isOver: false,
    };
    const users = Array.from({ length: connections }, (_, index) => new User(`user-${index}`, world));
    const scene = { application, answers, db, link, users, world };
    const seen = await run(scene, minutes);
    const server = await db.describe();
    return {
      server,
      minutes,
      connections,
      floodPerSecond: FLOOD_PER_SECOND,
      tables: TABLES,
      ...seen,
      answers,
    };
  } finally {
    await application?.stop();
    link.close();
    await db.drop();
  }
}
