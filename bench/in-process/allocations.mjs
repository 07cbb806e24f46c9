// Its own process, in which nothing else allocates memory. Prints bytes as JSON.
import { AuthenticationSessionService, MfaGuard } from 'nestjs-mfa';

import { GuardedController, startApplication } from '../contenders/nestjs-mfa/application.mjs';
import { createDatabase } from '../../tools/support/databases.mjs';
import { callOf } from './call.mjs';
import { startClaimsGuard } from './claims-guard.mjs';

const WARM_UP = 3000;
const CALLS = 1000;
const AT_ONCE = 1000;

const sessionCount = Number(process.argv[2]);

async function repeat(run, times) {
  for (let index = 0; index < times; index += 1) await run();
}

async function settledHeap() {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
}

async function allocatedBy(run) {
  await repeat(run, WARM_UP);
  const before = await settledHeap();
  await repeat(run, CALLS);
  return Math.round((process.memoryUsage().heapUsed - before) / CALLS);
}

async function sessionOf(sessions, id) {
  const now = Date.now();
  const methods = [
    { method: 'pwd', at: now },
    { method: 'totp', at: now, authenticatorId: `app-of-${id}` },
  ];
  const { token } = await sessions.create({ id }, { status: 'authenticated', methods });
  return token;
}

/** What is retained for sessions that are created, used by one guarded request each, and never seen again. */
async function keptOfSessions(app, guardOnce, count) {
  const sessions = app.get(AuthenticationSessionService);
  const use = async (index) => guardOnce(await sessionOf(sessions, `user${index}`));
  for (let index = 0; index < AT_ONCE; index += 1) await use(index);
  const before = await settledHeap();
  for (let index = 0; index < count; index += 1) await use(AT_ONCE + index);
  return Math.round(((await settledHeap()) - before) / count);
}

const db = await createDatabase('sqlite');
const { app } = await startApplication(db);
const guard = app.get(MfaGuard, { strict: false });
const token = await sessionOf(app.get(AuthenticationSessionService), 'user');
const guardOnce = (one) =>
  guard.canActivate(callOf(GuardedController, { headers: { 'x-mfa-session': one } }));
const claims = await startClaimsGuard();
const bytes = {
  'guard, database': await allocatedBy(() => guardOnce(token)),
  'guard, claims': await allocatedBy(claims.decide),
  'session that was used': await keptOfSessions(app, guardOnce, sessionCount),
};
await app.close();
await claims.app.close();
await db.drop();
process.stdout.write(`${JSON.stringify(bytes)}\n`);
