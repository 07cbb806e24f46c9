// What our flows send to the database: recorded when sent, not derived from the code.
import { setTimeout as wait } from 'node:timers/promises';

import { FLOWS, takesPart } from './flows.mjs';

/** Writes after the response count too. */
const SETTLE_MS = 50;

/** Statements that begin or end a transaction don't count, since they aren't visible on SQLite. */
const isWork = ({ sql }) => /^(SELECT|INSERT|UPDATE|DELETE|WITH)/i.test(sql);

/** @returns the statements of one run of each flow */
export async function listStatements(contender, names) {
  const lists = {};
  for (const name of names.filter((one) => takesPart(contender, one))) {
    const { users, before } = FLOWS[name];
    const [user] = contender[users];
    await contender.tick();
    const argument = await before(contender, user);
    await wait(SETTLE_MS);
    await contender.ask('record', true);
    await contender.flows[name](user, argument);
    await wait(SETTLE_MS);
    const sent = await contender.ask('record', false);
    lists[name] = sent.filter(isWork).map(({ sql }) => sql);
  }
  return lists;
}
