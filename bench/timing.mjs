// Whether the time of an answer tells strangers which credentials there are: refused passkey sign-ins with a credential
// that somebody has, and with one that nobody has, in turn. Prints the time that the client measures.
//
//   npm run build && node bench/timing.mjs [--requests 2000]
import { parseArgs } from 'node:util';

import { createDatabase } from '../tools/support/databases.mjs';
import { SecurityKey } from '../tools/support/security-key.mjs';
import { startApplication } from './contenders/nestjs-mfa/application.mjs';
import { flowsOf } from './contenders/nestjs-mfa/client.mjs';
import { RELYING_PARTY } from './contenders/support/relying-party.mjs';
import { Http } from './driver/http.mjs';

const WARM_UP = 200;

const { values } = parseArgs({ options: { requests: { type: 'string', default: '2000' } } });
const requests = Number(values.requests);

/** The value below which that share of the sorted numbers lies. */
const quantile = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)];

const db = await createDatabase('sqlite');
const { app, url } = await startApplication(db);
const http = new Http(url);
const user = { id: 'somebody', cookies: new Map() };
await flowsOf(http).keyOf(user);

/** A stranger's answer to a challenge: with the id of that user's credential, or a new one, and never the right key. */
function forge(options, isKnown) {
  const key = new SecurityKey(RELYING_PARTY.origin);
  key.userHandle = user.key.userHandle;
  if (isKnown) key.id = user.key.id;
  return key.get(options);
}

const times = { 'of somebody': [], 'of nobody': [] };
for (let index = 0; index < WARM_UP + requests * 2; index += 1) {
  const whose = index % 2 === 0 ? 'of somebody' : 'of nobody';
  const stranger = { cookies: new Map() };
  const { body: options } = await http.send(stranger, 'POST', '/mfa/passkey/options');
  const credential = forge(options, whose === 'of somebody');
  const from = performance.now();
  const { status, body } = await http.send(stranger, 'POST', '/mfa/passkey', { credential });
  if (status !== 400 || body.code !== 'webauthn_failed')
    throw new Error(`Not refused: ${status} ${body.code}`);
  if (index >= WARM_UP) times[whose].push(performance.now() - from);
}

const medians = {};
for (const [whose, all] of Object.entries(times)) {
  all.sort((a, b) => a - b);
  const [quarter, median, threeQuarters] = [0.25, 0.5, 0.75].map((share) => quantile(all, share));
  medians[whose] = median;
  process.stdout.write(
    `a credential ${whose.padEnd(11)} ${median.toFixed(2)} ms (half of them from ${quarter.toFixed(2)} to ${threeQuarters.toFixed(2)})\n`,
  );
}
const difference = medians['of somebody'] - medians['of nobody'];
process.stdout.write(`difference of the medians: ${difference.toFixed(2)} ms\n`);

http.close();
await app.close();
await db.drop();
