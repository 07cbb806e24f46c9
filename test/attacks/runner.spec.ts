import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, describe, expect, it } from '@jest/globals';
import type { AttackReport, AttackTarget } from 'nestjs-mfa/attacks';
import { reportAsHtml, reportAsJUnit, reportAsText, runAttacks } from 'nestjs-mfa/attacks';
import { parse } from 'node-html-parser';

import { VulnerableApp } from './vulnerable/vulnerable-app.js';
import { vulnerableTarget } from './vulnerable/vulnerable-target.js';

const open: { stop(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.stop();
});

/** Something that answers, on a port of its own. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const targetAt = (baseUrl: string): AttackTarget => ({
  iMayAttackThis: true,
  baseUrl,
  protectedRoute: '/reports',
  register: async (client) => (await client.post('/register')).body,
  signIn: (client) => client.post('/login'),
});

const counts = ({ counts: { held, fell } }: AttackReport) => ({ held, fell });
const NOTHING = { held: 0, fell: 0 };

describe('a target that can’t be attacked', () => {
  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['knows no route', (_, response) => response.writeHead(404).end('{"code":"not_found"}')],
    ['refuses everything', (_, response) => response.writeHead(401).end('{"code":"unauthenticated"}')],
    ['is broken', (_, response) => response.writeHead(500).end('{}')],
    ['is too busy', (_, response) => response.writeHead(429).end('{"code":"too_many_attempts"}')],
    ['answers with pages', (_, response) => response.writeHead(200).end('<html>Welcome</html>')],
    ['agrees to everything', (_, response) => response.writeHead(200).end('{"status":"mfa_required"}')],
    ['answers nothing', () => undefined],
    ['hangs up', (request) => request.socket.destroy()],
    ['sends rubbish', (request) => request.socket.end('rubbish')],
  ])('%s: nothing has held', async (_, answer) => {
    const report = await runAttacks({ ...targetAt(await serve(answer)), limits: { timeout: 300 } });
    expect(counts(report)).toEqual(NOTHING);
    expect(report.trouble).toMatch(/ (answered|got no answer)|gave no secret/);
    expect(report.counts.unclear).toBeGreaterThan(50);
  });

  it('is not there: nothing has held', async () => {
    const url = await serve(() => undefined);
    for (const one of open.splice(0)) one.stop();
    const report = await runAttacks(targetAt(url));
    expect(counts(report)).toEqual(NOTHING);
    expect(report.trouble).toContain('ECONNREFUSED');
  });

  it.each<[number, string]>([
    [200, '{}'],
    [200, '<html>Welcome</html>'],
    [302, ''],
    [400, '{"code":"invalid_request"}'],
    [401, '{"code":"unauthenticated"}'],
    [403, '{"code":"cross_origin"}'],
    [403, '<html>Blocked by a firewall</html>'],
    [404, '{"code":"not_found"}'],
    [409, '{"code":"conflict"}'],
    [429, '{"code":"too_many_attempts"}'],
    [500, '{}'],
    [503, '{"code":"storage_unavailable"}'],
  ])('answers %i %s once it is attacked: nothing has held', async (status, said) => {
    const app = await new VulnerableApp().start();
    open.push(app);
    let isTired = false;
    const url = await serve((request, response) => {
      if (isTired) return void response.writeHead(status, { 'set-cookie': 'sid=x' }).end(said);
      forward(app.url, request, response).catch(() => request.socket.destroy());
    });
    let first = true;
    const target = { ...vulnerableTarget(app), baseUrl: url };
    const register: AttackTarget['register'] = async (client) => {
      isTired = !first;
      first = false;
      return (await client.post('/register')).body;
    };
    const report = await runAttacks({ ...(target as unknown as AttackTarget), register });
    expect(report.trouble).toBeUndefined();
    expect(report.results.filter(({ verdict }) => verdict === 'held').map(({ id }) => id)).toEqual([]);
  });
});

describe('a target that takes no code any more', () => {
  it('has not held because it refuses wrong ones', async () => {
    const app = await new VulnerableApp().start();
    open.push(app);
    let registered = 0;
    const url = await serve((request, response) => {
      if (registered > 1 && request.url === '/mfa/authenticate')
        return void response.writeHead(400).end('{"code":"incorrect_code"}');
      forward(app.url, request, response).catch(() => request.socket.destroy());
    });
    const target = { ...vulnerableTarget(app), baseUrl: url } as unknown as AttackTarget;
    const register: AttackTarget['register'] = async (client) => {
      registered += 1;
      return (await client.post('/register')).body;
    };
    const report = await runAttacks({ ...target, register });
    const refused = / POST \/mfa\/authenticate answered 400 incorrect_code$/;
    const held = report.results.filter(
      ({ verdict, evidence }) => verdict === 'held' && evidence.some((line) => refused.test(line)),
    );
    expect(report.trouble).toBeUndefined();
    expect(held.map(({ id }) => id)).toEqual([]);
  });
});

describe('the end of sessions', () => {
  const only = ['endless-session', 'unused-session'];

  it('is not waited for where no clock moves, unless it comes soon', async () => {
    const app = await new VulnerableApp().start();
    open.push(app);
    app.state.clock.advance((Date.now() - app.state.now) / 1000);
    const { clock: _, ...target } = vulnerableTarget(app);
    const { trouble, results } = await runAttacks({ ...target, settings: {} }, { only });
    expect(trouble).toBeUndefined();
    expect(results.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      [
        'not_applicable',
        expect.stringMatching(/^Nobody waits for 43200 seconds: .*`settings.sessionSeconds`/),
      ],
      ['not_applicable', 'No `settings.idleSeconds` says when a session ends'],
    ]);
  });
});

describe('the cookies of a target', () => {
  /** The vulnerable application, behind something that says good-bye by a cookie. */
  const cookiesFound = async (settings: AttackTarget['settings'], ...only: string[]) => {
    const app = await new VulnerableApp().start();
    open.push(app);
    const url = await serve((request, response) => {
      if (request.method === 'DELETE')
        response.appendHeader('set-cookie', 'farewell=1; Secure; SameSite=Lax');
      forward(app.url, request, response).catch(() => request.socket.destroy());
    });
    const target = { ...vulnerableTarget(app), baseUrl: url, settings };
    const { results } = await runAttacks(target, { only: ['readable-cookie', ...only] });
    return results.find(({ id }) => id === 'readable-cookie')?.reason;
  };

  it('are looked at whenever in the run they came', async () => {
    expect(await cookiesFound({})).toBe('');
    expect(await cookiesFound({}, 'signed-out-session')).toBe('the cookie farewell lacks HttpOnly');
  });

  it('may be readable where the target says so', async () => {
    expect(await cookiesFound({ readableCookies: ['farewell'] }, 'signed-out-session')).toBe('');
  });
});

const FORWARDED = ['cookie', 'content-type', 'origin', 'sec-fetch-site'];

async function forward(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const { method = 'GET', headers } = request;
  const answer = await fetch(url + request.url, {
    method,
    headers: Object.fromEntries(
      FORWARDED.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])),
    ),
    ...(body === '' ? {} : { body }),
  });
  for (const cookie of answer.headers.getSetCookie()) response.appendHeader('set-cookie', cookie);
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(await answer.text());
}

describe('what the runner refuses', () => {
  it.each<[string, object, RegExp]>([
    ['no permission', { iMayAttackThis: undefined }, /iMayAttackThis: true/],
    ['a permission that is not true', { iMayAttackThis: 'false' }, /iMayAttackThis: true/],
    ['no function to sign in', { signIn: undefined }, /lacks `signIn`/],
    ['an address with a path', { baseUrl: 'https://example.com/api' }, /has no path/],
    ['an address of files', { baseUrl: 'file:///etc/passwd' }, /addresses with https/],
    ['a second address that is none', { secondInstance: 'x' }, /addresses with https/],
    ['a protected route elsewhere', { protectedRoute: 'https://evil.example/' }, /is a path/],
  ])('%s', async (_, change, message) => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    await expect(runAttacks({ ...targetAt(url), ...change })).rejects.toThrow(message);
    expect(asked).toBe(0);
  });

  it('an attack that there is not', async () => {
    await expect(runAttacks(targetAt('http://localhost'), { only: ['x'] })).rejects.toThrow(/no attack x/);
  });

  it('to go to another host, by a redirect or a path', async () => {
    let visits = 0;
    const elsewhere = await serve((_, response) => {
      visits += 1;
      response.end('{}');
    });
    const url = await serve((_, response) => response.writeHead(307, { location: elsewhere }).end());
    const report = await runAttacks(targetAt(url));
    expect(report.trouble).toMatch(/answered 307/);
    const { host } = new URL(elsewhere);
    const strayed = await runAttacks({ ...targetAt(url), signIn: (client) => client.post(`@${host}/`) });
    expect(strayed.trouble).toMatch(/never goes to another host/);
    expect(visits).toBe(0);
  });
});

describe('a client', () => {
  it('carries the access token that the target takes out of an answer, and keeps it to itself', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end('{"accessToken":"a.token.of.ours"}');
    });
    await runAttacks({
      ...targetAt(url),
      afterAnswer: ({ headers }, { body }) => {
        headers['authorization'] = `Bearer ${String(body['accessToken'])}`;
      },
      async signIn(client) {
        await client.get('/first');
        await client.get('/second');
      },
    });
    expect(seen.slice(0, 3)).toEqual([undefined, undefined, 'Bearer a.token.of.ours']);
  });

  it('forgets the cookies that it is told to, and sends what browsers send', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const url = await serve(({ headers }, response) => {
      seen.push(headers);
      const cookies = [
        'a=1; Max-Age=0',
        'b=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'c=3; Path=/',
        'd=4; Max-Age=60',
      ];
      response.writeHead(200, { 'set-cookie': cookies }).end('{}');
    });
    await runAttacks({
      ...targetAt(url),
      origin: 'https://app.example.com',
      async signIn(client) {
        for (const name of ['a', 'b']) client.cookies.set(name, 'x');
        await client.get('/first');
        await client.post('/second', {});
      },
    });
    expect(seen[1]).toMatchObject({ cookie: 'a=x; b=x' });
    expect(seen[1]).not.toHaveProperty('origin');
    expect(seen[2]).toMatchObject({
      cookie: 'c=3; d=4',
      origin: 'https://app.example.com',
      'sec-fetch-site': 'same-origin',
    });
  });
});

describe('a report', () => {
  it('holds no words of the target’s but codes', async () => {
    const evil = '<script>alert(1)</script>\u0000\u001b[31m]]>&';
    const url = await serve((_, response) =>
      response.writeHead(500).end(JSON.stringify({ code: evil, status: evil, message: evil })),
    );
    const report = await runAttacks({
      ...targetAt(url),
      name: evil,
      signIn: () => Promise.reject(new Error(evil)),
    });
    const [html, junit] = [reportAsHtml(report), reportAsJUnit(report)];
    for (const each of [reportAsText(report), html, junit]) {
      expect(each).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    }
    for (const each of [html, junit]) expect(each).not.toMatch(/<script|\]\]>/);
    expect(parse(html).querySelectorAll('script, img, link, iframe')).toEqual([]);
    expectWellFormed(junit);
  });

  it('holds no secret', async () => {
    const app = await new VulnerableApp('forgets-steps').start();
    open.push(app);
    const target = vulnerableTarget(app);
    const seen = new Set<string>();
    const report = await runAttacks({
      ...target,
      afterAnswer: ({ cookies }, answer) => {
        for (const cookie of cookies.values()) if (cookie.length > 20) seen.add(cookie);
        for (const [code] of answer.text.matchAll(/"[A-Z2-7]{32}"|"\d{10}"/g)) seen.add(code.slice(1, -1));
      },
      reauthenticate: (client) => Promise.reject(new Error(`refused ${[...client.cookies.values()].join()}`)),
    });
    expect(report.counts.fell).toBeGreaterThan(0);
    expect(seen.size).toBeGreaterThan(100);
    const all = [reportAsText(report), reportAsHtml(report), reportAsJUnit(report)].join('');
    expect([...seen].filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).toContain('[secret]');
  });

  it('shows no token of a path', async () => {
    const url = await serve((_, response) => response.writeHead(500).end('{}'));
    const register: AttackTarget['register'] = async (client) => {
      const { asked } = await client.post('/magic/0123456789abcdefghij/end?token=secret');
      throw new Error(asked);
    };
    const { trouble } = await runAttacks({ ...targetAt(url), register });
    expect(trouble).toBe('registering failed: POST /magic/…/end');
  });

  it('shows how what held was answered, in each form', async () => {
    const app = await new VulnerableApp().start();
    open.push(app);
    const only = ['replayed-totp-code', 'made-up-session'];
    const report = await runAttacks(vulnerableTarget(app), { only });
    const seen = 'the same code again: POST /mfa/authenticate answered 400 incorrect_code';
    const often = 'a made-up token: GET /reports answered 401 unauthenticated (6 times)';
    const page = parse(reportAsHtml(report)).querySelectorAll('section.held details li');
    expect(page.map((line) => line.text)).toEqual(expect.arrayContaining([seen, often]));
    const junit = reportAsJUnit(report);
    expectWellFormed(junit);
    const output = [...junit.matchAll(/<system-out>([^<]*)<\/system-out>/g)].map(([, lines = '']) => lines);
    expect(output.join('\n').split('\n')).toEqual(expect.arrayContaining([seen, often]));
    for (const line of [seen, often]) expect(reportAsText(report)).toContain(`\n     ${line}\n`);
  });

  it('shows on a terminal three answers of many', async () => {
    const app = await new VulnerableApp().start();
    open.push(app);
    const report = await runAttacks(vulnerableTarget(app), { only: ['odd-code'] });
    expect(reportAsText(report)).toMatch(
      /held \(1\)\n {2}P0 odd-code: .*\n(?: {5}.*\n){3} {5}and \d+ more\n\n/i,
    );
  });

  it('says first what is to be mended, in each form', async () => {
    const app = await new VulnerableApp('forgets-steps').start();
    open.push(app);
    const only = ['replayed-totp-code', 'older-totp-code', 'accounts-told', 'half-finished-sign-in'];
    const results: string[] = [];
    const report = await runAttacks(vulnerableTarget(app), { only, onResult: ({ id }) => results.push(id) });
    expect([...results].sort()).toEqual([...only].sort());
    expect(report.counts).toEqual({ fell: 2, held: 1, to_check: 1, unclear: 0, not_applicable: 0 });
    expect(reportAsText(report)).toContain('2 fell, 0 unclear, 1 for you to check, 1 held, 0 not applicable');
    const page = parse(reportAsHtml(report));
    expect(page.querySelectorAll('details[open]')).toHaveLength(2);
    expect(page.querySelector('main section')?.getAttribute('id')).toBe('fell');
    const junit = reportAsJUnit(report);
    expectWellFormed(junit);
    expect(junit).toContain('tests="4" failures="2" errors="0" skipped="1"');
    expect(junit.match(/<failure /g)).toHaveLength(2);
    expect(junit.match(/<skipped /g)).toHaveLength(1);
  });
});

/** As much of XML as JUnit's needs: tags that close, and no bare `<` or `&`. */
function expectWellFormed(xml: string): void {
  const [, body = ''] = xml.split('?>\n');
  const tag = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)(\/?)>/g;
  const inside: string[] = [];
  for (const [, close, name = '', , alone] of body.matchAll(tag)) {
    if (close) expect(inside.pop()).toBe(name);
    else if (!alone) inside.push(name);
  }
  expect(inside).toEqual([]);
  expect(body.replace(tag, '').replace(/&(?:amp|lt|gt|quot);/g, '')).not.toMatch(/[<&]/);
}
