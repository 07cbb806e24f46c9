// Everything in sequence: first the contenders side by side, then the measurements of our library alone.
import { createDatabase } from '../tools/support/databases.mjs';
import * as betterAuth from './contenders/better-auth/client.mjs';
import * as byHand from './contenders/by-hand/client.mjs';
import * as nestjsMfa from './contenders/nestjs-mfa/client.mjs';
import * as passport from './contenders/passport/client.mjs';
import { Contender, firstWordOf, start } from './driver/contender.mjs';
import { measureLoad } from './driver/load.mjs';
import { runRounds } from './driver/rounds.mjs';
import { listStatements } from './driver/statements.mjs';
import * as betterAuthPasskey from './peers/better-auth-passkey/client.mjs';
import { measureStartUp } from './start-up/measure.mjs';

/** Ours first, since the others are compared with it. */
const DEFINITIONS = [nestjsMfa, betterAuth, betterAuthPasskey, byHand, passport];

const IN_PROCESS = new URL('./in-process/measure.mjs', import.meta.url);

const note = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** Runs with a new database, which is dropped in any case. */
async function withDatabase({ database, storage }, run) {
  const { orm, url, drop } = await createDatabase(database);
  try {
    return await run({ orm, url, storage });
  } finally {
    await drop();
  }
}

/** Runs with all contenders started, each on its own database. */
async function withContenders(options, run, started = []) {
  const definition = DEFINITIONS[started.length];
  if (!definition) return run(started);
  return withDatabase(options, async (settings) => {
    note(`starting ${definition.name}`);
    const contender = await Contender.start(definition, settings, options.users);
    try {
      return await withContenders(options, run, [...started, contender]);
    } finally {
      await contender.stop();
    }
  });
}

async function measureSideBySide(options) {
  return withContenders(options, async (contenders) => ({
    flows: await runRounds(contenders, options.flows, options, note),
    statements: options.has('statements') ? await listStatements(contenders[0], options.flows) : undefined,
    load: options.has('load') ? await measureLoad(contenders, options, note) : undefined,
  }));
}

function measureInProcess(options) {
  const { rounds, isQuick } = options;
  return withDatabase(options, async (settings) => {
    note('in process');
    return firstWordOf(start(IN_PROCESS, { settings, rounds, isQuick }));
  });
}

function measureStarts(options) {
  return withDatabase(options, (settings) => {
    note('start-up');
    return measureStartUp(settings, options.rounds);
  });
}

export async function measure(options) {
  const isSideBySide = options.flows.length > 0 || options.has('load');
  return {
    ...(isSideBySide ? await measureSideBySide(options) : {}),
    inProcess: options.has('in-process') ? await measureInProcess(options) : undefined,
    startUp: options.has('start-up') ? await measureStarts(options) : undefined,
  };
}
