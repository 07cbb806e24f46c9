// Our guard without HTTP, and the bare mechanisms, which are the limit for any library. Runs in its own process.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

import { MfaGuard } from 'nestjs-mfa';
import { generateSecret, generateSync, verify } from 'otplib';

import { flowsOf } from '../contenders/nestjs-mfa/client.mjs';
import { GuardedController, startApplication } from '../contenders/nestjs-mfa/application.mjs';
import { codeOf } from '../../tools/support/client.mjs';
import { Http, cookieOf } from '../driver/http.mjs';
import { callOf } from './call.mjs';
import { startClaimsGuard } from './claims-guard.mjs';
import { costOf } from './cost.mjs';
import { bareVerification, measureStatements } from './key-sign-ins.mjs';

const { settings, rounds, isQuick } = JSON.parse(process.argv[2]);

async function signedIn({ commands }, http) {
  const user = { id: 'user0', secret: generateSecret(), cookies: new Map() };
  await commands.enrol([user]);
  const flows = flowsOf(http);
  await flows.login(user);
  await flows.totp(user, codeOf(user.secret, { time: Date.now() }));
  return user;
}

function databaseGuard({ app }, user) {
  const guard = app.get(MfaGuard, { strict: false });
  const headers = { cookie: cookieOf(user) };
  return async () => {
    if (!(await guard.canActivate(callOf(GuardedController, { headers }))))
      throw new Error('The guard refuses');
  };
}

async function bareSelect({ dataSource }) {
  const [{ hash }] = await dataSource.query('SELECT token_hash AS hash FROM mfa_session LIMIT 1');
  const placeholder = dataSource.options.type === 'postgres' ? '$1' : '?';
  const sql = `SELECT * FROM mfa_session WHERE token_hash = ${placeholder}`;
  return async () => {
    if ((await dataSource.query(sql, [hash])).length !== 1) throw new Error('There is no such session');
  };
}

/** What a guard on sealed rows can't omit: hashing the token, the query, reading the row, and verifying its seal. */
async function sealedSelect({ dataSource }, select) {
  const [row] = await dataSource.query('SELECT * FROM mfa_session LIMIT 1');
  const key = Buffer.alloc(32);
  const seal = () => createHmac('sha256', key).update(Object.values(row).join('\n')).digest();
  const expected = seal();
  return async () => {
    hash('sha256', row.seal);
    await select();
    JSON.parse(row.methods);
    if (!timingSafeEqual(seal(), expected)) throw new Error('The seal is wrong');
  };
}

/** The same moment for all: the number of steps tried depends on the time. */
function bareTotp() {
  const secret = generateSecret();
  const epoch = Math.floor(Date.now() / 1000);
  const token = generateSync({ secret, epoch });
  return async () => {
    const { valid } = await verify({ secret, token, epoch, epochTolerance: 30 });
    if (!valid) throw new Error('otplib refuses the code');
  };
}

const application = await startApplication(settings);
const http = new Http(application.url);
const claims = await startClaimsGuard();
const user = await signedIn(application, http);
const many = isQuick ? 200 : 3000;
const select = await bareSelect(application);
const targets = {
  'one SELECT': [select, many],
  'one SELECT, token and seal': [await sealedSelect(application, select), many],
  'guard, database': [databaseGuard(application, user), many],
  'guard, claims': [claims.decide, many],
  'otplib verify': [bareTotp(), many / 4],
  'SimpleWebAuthn verify': [await bareVerification(), many / 4],
};

const costs = Object.fromEntries(Object.keys(targets).map((name) => [name, []]));
for (const [run, times] of Object.values(targets)) await costOf(run, times);
for (let round = 0; round < rounds; round += 1) {
  for (const [name, [run, times]] of Object.entries(targets)) costs[name].push(await costOf(run, times));
}
if (settings.orm.type === 'better-sqlite3') {
  const signIns = isQuick ? 20 : 200;
  // The first copy is for warming up.
  costs['statements of a key sign-in'] = (
    await measureStatements(application, http, signIns, rounds + 1)
  ).slice(1);
}
http.close();
process.send(costs, () => process.exit());
