import { setTimeout as wait } from 'node:timers/promises';

import { generateSecret } from 'otplib';

import { Http } from '../../bench/driver/http.mjs';
import { flowsOf } from '../../bench/contenders/nestjs-mfa/client.mjs';
import { codeOf } from '../support/client.mjs';

const USERS = 60;

const newUser = (_, index) => ({ id: `user${index}`, secret: generateSecret(), cookies: new Map() });

/**
 * Users who sign in, mistype, return and step up; one who guesses; periods in which the database or the mail server is
 * down.
 */
export async function runLoad({ url, commands, dataSource, mails }, seconds) {
  const users = Array.from({ length: USERS }, newUser);
  await commands.enrol(users);
  const http = new Http(url);
  const flows = flowsOf(http);
  let ahead = 0;
  const advance = (by) => {
    ahead += by;
    commands.advance(by);
  };
  const codeNow = (user) => codeOf(user.secret, { time: Date.now() + ahead * 1000 });

  async function visit(user, index) {
    user.cookies.clear();
    await flows.login(user);
    if (index % 7 === 0) await http.send(user, 'POST', '/mfa/authenticate', { code: '000000' });
    await http.send(user, 'GET', '/guarded');
    await flows.totp(user, codeNow(user));
    for (let times = index % 4; times >= 0; times -= 1) await flows.guarded(user);
    if (index % 20 === 0) await http.send(user, 'POST', '/mfa/recovery-codes');
    if (index % 31 === 0) await http.send(user, 'POST', '/mfa/webauthn/options');
  }

  async function guess([user]) {
    user.cookies.clear();
    await flows.login(user);
    for (let times = 0; times < 11; times += 1)
      await http.send(user, 'POST', '/mfa/authenticate', { code: '000000' });
  }

  async function goAway() {
    const original = dataSource.createQueryRunner;
    dataSource.createQueryRunner = () => {
      throw new Error('The database is away');
    };
    for (let times = 0; times < 20; times += 1) await http.send(users[1], 'GET', '/guarded');
    dataSource.createQueryRunner = original;
  }

  const until = Date.now() + seconds * 1000;
  for (let index = 1; Date.now() < until; index += 1) {
    const user = users[1 + (index % (USERS - 1))];
    await visit(user, index);
    if (index % (USERS - 1) === 0) advance(30);
    if (index % 40 === 0 && index < 900) {
      advance(301);
      await guess(users);
    }
    // A newly created series shows no increase: only the second time is visible.
    if (index === 300 || index === 500) await goAway();
    if (index === 100 || index === 400) mails.areRefused = index === 100;
    await wait(20 + 40 * Math.sin(index / 60) ** 2);
  }
  http.close();
}

/** The spans of a sign-in with TOTP, and of a guarded request after it. */
export async function traceOfSignIn({ url, commands, spans }) {
  const user = { id: 'traced', secret: generateSecret(), cookies: new Map() };
  await commands.enrol([user]);
  const http = new Http(url);
  const flows = flowsOf(http);
  spans.reset();
  await flows.login(user);
  await flows.totp(user, codeOf(user.secret, { time: Date.now() }));
  await flows.guarded(user);
  // The last span ends when its response has been sent.
  await wait(100);
  http.close();
  return [...spans.getFinishedSpans()];
}
