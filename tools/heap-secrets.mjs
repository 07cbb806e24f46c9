// Which of its users' secrets an idle server still has in memory: users enroll, sign in and out, garbage is collected,
// and a heap snapshot is searched. Exits with 1 when one is found.
//
//   npm run build && node tools/heap-secrets.mjs [--users 20]
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Client, codeOf } from './support/client.mjs';
import { createDatabase } from './support/databases.mjs';
import { clockSince } from './soak/common.mjs';
import { Application } from './soak/process.mjs';

const { values } = parseArgs({ options: { users: { type: 'string', default: '20' } } });
const count = Number(values.users);
if (!(Number.isInteger(count) && count > 0))
  throw new Error(`--users must be a whole number from 1: ${values.users}`);

const STEP_MS = 30_000;
/** The application's option `secret`, as a control: if the search doesn't find it, it would find nothing. */
const CONTROL = 'a secret for the soak, of 32 bytes or more';

/** Longer than keep-alive connections stay open, and than it takes until session use is written. */
const IDLE_MS = 15_000;

const secrets = { 'TOTP secrets': [], 'recovery codes': [], 'session tokens': [] };

const tokensOf = ({ cookies }) =>
  [...cookies].filter(([name]) => name.endsWith('mfa_session')).map(([, value]) => value);

async function signInAndOut(client, id, code) {
  await client.post('/login', { id });
  secrets['session tokens'].push(...tokensOf(client));
  const { status } = await client.post('/mfa/authenticate', { code });
  if (status !== 200) throw new Error(`A sign-in answered ${status}`);
  secrets['session tokens'].push(...tokensOf(client));
  await client.get('/guarded');
  await client.delete('/mfa/session');
}

async function live(id, { url, clock }) {
  const client = new Client(url);
  await client.post('/login', { id });
  const { body: setup } = await client.post('/mfa/totp');
  const first = codeOf(setup.secret, { time: clock() });
  const { body } = await client.post('/mfa/totp/activate', { code: first });
  secrets['TOTP secrets'].push(setup.secret);
  secrets['recovery codes'].push(...body.recoveryCodes);
  await client.delete('/mfa/session');
  const next = codeOf(setup.secret, { time: clock() + STEP_MS });
  await signInAndOut(new Client(url), id, next);
  await signInAndOut(new Client(url), id, body.recoveryCodes[0]);
}

/** The kinds of secrets found in the file, by their text. */
async function find(file) {
  const ofUsers = Object.entries(secrets).flatMap(([kind, list]) => list.map((text) => [kind, text]));
  const wanted = [...ofUsers, ['control', CONTROL]];
  const found = new Map();
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 22 })) {
    const text = rest + chunk;
    for (const [kind, secret] of wanted) if (text.includes(secret)) found.set(secret, kind);
    rest = text.slice(-200);
  }
  return found;
}

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-heap-'));
const db = await createDatabase('sqlite');
const startedAt = Date.now();
const application = await Application.start({ orm: db.orm, startedAt });
let leaks = 0;
try {
  const world = { url: application.url, clock: clockSince(startedAt) };
  for (let index = 0; index < count; index += 1) await live(`user-${index}`, world);
  await wait(IDLE_MS);
  const file = join(folder, 'idle.heapsnapshot');
  await application.writeHeap(file);
  const found = await find(file);
  if (!found.has(CONTROL)) throw new Error('The search does not even find the option `secret`');
  for (const [kind, list] of Object.entries(secrets)) {
    const number = [...found.values()].filter((one) => one === kind).length;
    leaks += number;
    process.stdout.write(`${kind}: ${number} of ${list.length} are in the memory of the idle server\n`);
  }
} finally {
  await application.stop();
  await db.drop();
  rmSync(folder, { recursive: true });
}
process.exitCode = leaks === 0 ? 0 : 1;
