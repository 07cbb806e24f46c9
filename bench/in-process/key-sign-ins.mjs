// What a sign-in with a key can't do without: verification by SimpleWebAuthn, and the statements it sends. The
// statements are those of real sign-ins, replayed against a copy of the database from before them, so that each finds
// and changes the same rows.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { DataSource } from 'typeorm';

import { SecurityKey } from '../../tools/support/security-key.mjs';
import { flowsOf } from '../contenders/nestjs-mfa/client.mjs';
import { RELYING_PARTY } from '../contenders/support/relying-party.mjs';
import { tune } from '../contenders/support/sqlite.mjs';
import { costOf } from './cost.mjs';

const CHALLENGE = 'a'.repeat(43);

/** SimpleWebAuthn alone, on one response of one key. */
export async function bareVerification() {
  const key = new SecurityKey(RELYING_PARTY.origin);
  const expected = {
    expectedChallenge: CHALLENGE,
    expectedOrigin: RELYING_PARTY.origin,
    expectedRPID: RELYING_PARTY.id,
  };
  const created = key.create({ challenge: CHALLENGE, rp: RELYING_PARTY, user: { id: 'dXNlcg' } });
  const { registrationInfo } = await verifyRegistrationResponse({ response: created, ...expected });
  const response = key.get({ challenge: CHALLENGE, rpId: RELYING_PARTY.id });
  const credential = { ...registrationInfo.credential, counter: 0 };
  return async () => {
    const { verified } = await verifyAuthenticationResponse({ response, ...expected, credential });
    if (!verified) throw new Error('SimpleWebAuthn refuses the key');
  };
}

/** Signs in `count` times with a key, and records the statements. */
async function recordSignIns({ recorder, dataSource }, http, count, copy) {
  const flows = flowsOf(http);
  const user = { id: 'recorded', cookies: new Map() };
  await flows.keyOf(user);
  const prepared = [];
  for (let index = 0; index < count; index += 1) {
    const browser = { cookies: new Map() };
    const { body } = await flows['key-options'](browser);
    prepared.push([browser, user.key.get(body)]);
  }
  await dataSource.query(`VACUUM INTO '${copy}'`);
  const signIns = [];
  for (const [browser, credential] of prepared) {
    recorder.start();
    await flows['key-sign-in'](browser, credential);
    signIns.push(recorder.stop());
  }
  return signIns;
}

/** Reads as TypeORM sends them; writes that belong together in one transaction, compiled once, as recorded. */
function resenderOf(dataSource) {
  const connection = dataSource.driver.databaseConnection;
  const compiled = new Map();
  const write = ({ sql, parameters }) => {
    if (!compiled.has(sql)) compiled.set(sql, connection.prepare(sql));
    compiled.get(sql).run(...parameters);
  };
  const writeTogether = connection.transaction((statements) => statements.forEach(write));
  return async (statements) => {
    let writes = [];
    const flush = () => {
      if (writes.length > 1) writeTogether(writes);
      else writes.forEach(write);
      writes = [];
    };
    for (const statement of statements) {
      if (!statement.sql.startsWith('SELECT')) {
        writes.push(statement);
        continue;
      }
      flush();
      await dataSource.query(statement.sql, statement.parameters);
    }
    flush();
  };
}

async function resend(signIns, database) {
  const dataSource = new DataSource({ type: 'better-sqlite3', database, prepareDatabase: tune });
  await dataSource.initialize();
  const send = resenderOf(dataSource);
  const next = signIns.values();
  const cost = await costOf(() => send(next.next().value), signIns.length);
  await dataSource.destroy();
  return cost;
}

/** @returns the time that the statements of one sign-in take, once per round */
export async function measureStatements(application, http, count, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-bench-'));
  const before = join(folder, 'before.sqlite');
  try {
    const signIns = await recordSignIns(application, http, count, before);
    const costs = [];
    for (let round = 0; round < rounds; round += 1) {
      const copy = join(folder, `${round}.sqlite`);
      copyFileSync(before, copy);
      costs.push(await resend(signIns, copy));
    }
    return costs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
