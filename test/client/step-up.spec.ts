import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Post, Req } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';
import type { Fetch, StepUpHandler } from 'nestjs-mfa/browser';
import { createMfaClient, withStepUp } from 'nestjs-mfa/browser';

import { eventually } from '../support/eventually.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { codeOf, enroll, newUserId, startTestApp } from '../support/test-app.js';

@Controller('echo')
class EchoController {
  @Post()
  @RequireMfa()
  echo(@Req() { body }: { body: object }): object {
    return { echo: body };
  }
}

describe('the step-up interceptor', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ controllers: [EchoController] });
  });
  afterAll(() => test.close());

  /** Somebody whose proof is too old, and a page of theirs that counts what it does. */
  async function page({
    handler,
    codes,
  }: { handler?: StepUpHandler; codes?: ['mfa_enrollment_required'] } = {}) {
    const user = await enroll(test);
    test.clock.advance(3600);
    const counts = { requests: 0, runs: 0 };
    let answers = 0;
    const counting: Fetch = async (input, init) => {
      counts.requests += 1;
      const answer = await user.client.fetch(input, init);
      answers += 1;
      return answer;
    };
    const stepUp = withStepUp(
      counting,
      (refusal) => {
        counts.runs += 1;
        return (handler ?? (() => prove(user)))(refusal);
      },
      codes ? { codes } : {},
    );
    const get = (path: string) => stepUp(test.url + path);
    return { user, counts, stepUp, get, answers: () => answers };
  }

  const mfaOf = ({ client }: Enrolled) =>
    createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: client.fetch });

  async function prove(user: Enrolled): Promise<void> {
    await mfaOf(user).authenticate({ code: codeOf(user.secret, test.clock) });
  }

  it('runs the handler with what is asked for, then repeats the request', async () => {
    const refusals: object[] = [];
    const { user, counts, stepUp } = await page({
      handler: async (refusal) => {
        refusals.push({ ...refusal });
        await prove(user);
      },
    });
    const response = await stepUp(`${test.url}/protected`);
    await expect(response.text()).resolves.toBe('plain');
    expect(counts).toEqual({ requests: 2, runs: 1 });
    expect(refusals).toEqual([
      expect.objectContaining({
        code: 'mfa_required',
        status: 401,
        methods: ['totp', 'recovery_codes'],
        maxAge: 300,
      }),
    ]);
  });

  it('leaves every other answer alone, unread', async () => {
    const { counts, get } = await page();
    for (const [path, status] of [
      ['/public', 200],
      ['/nowhere', 404],
    ] as const) {
      const response = await get(path);
      expect([response.status, response.bodyUsed]).toEqual([status, false]);
    }
    const stranger = withStepUp(fetch, () => {
      counts.runs += 1;
    });
    await expect((await stranger(`${test.url}/protected`)).json()).resolves.toMatchObject({
      code: 'unauthenticated',
    });
    expect(counts.runs).toBe(0);
  });

  it('shares one run among parallel requests', async () => {
    const { counts, get } = await page();
    const paths = ['/protected', '/protected/maxage', '/protected', '/protected', '/protected/feed'];
    const answers = await Promise.all(paths.map(get));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(counts.runs).toBe(1);
    expect(counts.requests).toBe(10);
  });

  it('asks nothing more of a request that was sent before the proof and answered after it', async () => {
    const { user, counts } = await page();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow: Fetch = async (input, init) => {
      const response = await user.client.fetch(input, init);
      if ((input as string).endsWith('?slow') && response.status === 401) await held;
      return response;
    };
    const stepUp = withStepUp(slow, async () => {
      counts.runs += 1;
      await prove(user);
    });
    const late = stepUp(`${test.url}/protected?slow`);
    expect((await stepUp(`${test.url}/protected`)).status).toBe(200);
    release();
    expect((await late).status).toBe(200);
    expect(counts.runs).toBe(1);
  });

  it('repeats a request that a proof overtook on its way, and so carried a dead token', async () => {
    const { user, counts } = await page();
    const before = user.client.clone();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let isFirst = true;
    const stepUp = withStepUp(
      async (input, init) => {
        if (!(input as string).endsWith('?late') || !isFirst) return user.client.fetch(input, init);
        isFirst = false;
        await held;
        return before.fetch(input, init);
      },
      async () => {
        counts.runs += 1;
        await prove(user);
      },
    );
    const late = stepUp(`${test.url}/mfa/status?late`);
    expect((await stepUp(`${test.url}/protected`)).status).toBe(200);
    release();
    expect((await late).status).toBe(200);
    expect(counts.runs).toBe(1);
    // Without a proof on the way a dead token is just that.
    const dead = withStepUp(before.fetch, () => true);
    await expect((await dead(`${test.url}/mfa/status`)).json()).resolves.toMatchObject({
      code: 'session_expired',
    });
  });

  it.each([
    ['shares a run whose proof satisfies it', '/protected/totp', '/protected', 1],
    ['waits for one whose proof may not, and has one of its own', '/protected', '/protected/totp', 2],
  ])('has a request of other factors %s', async (_name, first, second, runs) => {
    let active = 0;
    let next: Promise<Response> | undefined;
    const { user, counts, get, answers } = await page({
      handler: async () => {
        active += 1;
        expect(active).toBe(1);
        if (!next) {
          next = get(second);
          await eventually('refusal of the other request', () => answers() === 2);
        }
        await prove(user);
        test.clock.advance(60);
        active -= 1;
      },
    });
    expect((await get(first)).status).toBe(200);
    expect((await next)?.status).toBe(200);
    expect(counts.runs).toBe(runs);
  });

  it.each([
    ['says no', () => false],
    ['rejects', () => Promise.reject(new Error('The dialogue was closed'))],
    [
      'throws',
      () => {
        throw new Error('There is no dialogue');
      },
    ],
  ])('answers as the server did when the handler %s', async (_name, handler) => {
    const { counts, get } = await page({ handler });
    const answers = await Promise.all([get('/protected'), get('/protected')]);
    for (const response of answers) {
      await expect(response.json()).resolves.toMatchObject({ code: 'mfa_required' });
    }
    expect(counts).toEqual({ requests: 2, runs: 1 });
    // The next request is a new chance.
    await get('/protected');
    expect(counts.runs).toBe(2);
  });

  it('repeats once, whatever the second answer is', async () => {
    const { counts, get } = await page({ handler: () => true });
    expect((await get('/protected')).status).toBe(401);
    expect(counts).toEqual({ requests: 2, runs: 1 });
  });

  it('takes the other refusals when it is told to', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const seen: string[] = [];
    const handler: StepUpHandler = ({ code }) => {
      seen.push(code);
      return false;
    };
    expect((await withStepUp(client.fetch, handler)(`${test.url}/protected`)).status).toBe(403);
    expect(seen).toEqual([]);
    const stepUp = withStepUp(client.fetch, handler, {
      codes: ['mfa_enrollment_required', 'reauthentication_required'],
    });
    expect((await stepUp(`${test.url}/protected`)).status).toBe(403);
    test.clock.advance(3600);
    const begin = () => stepUp(`${test.url}/mfa/totp`, { method: 'POST' });
    const answers = await Promise.all([begin(), begin()]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(seen).toEqual(['mfa_enrollment_required', 'reauthentication_required']);
  });

  const body = JSON.stringify({ text: 'as it was' });
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers };
  const stream = () => new Blob([body]).stream();

  it.each([
    ['text', (url: string) => [url, { ...init, body }]],
    ['a stream', (url: string) => [new URL(url), { ...init, body: stream(), duplex: 'half' }]],
    ['a Request', (url: string) => [new Request(url, { ...init, body })]],
    [
      'a Request with a stream',
      (url: string) => [new Request(url, { ...init, body: stream(), duplex: 'half' } as RequestInit)],
    ],
  ])('repeats the body: %s', async (_name, request) => {
    const { counts, stepUp } = await page();
    const response = await stepUp(...(request(`${test.url}/echo`) as Parameters<Fetch>));
    expect(response.status).toBe(201);
    await expect(response.json()).resolves.toEqual({ echo: { text: 'as it was' } });
    expect(counts).toEqual({ requests: 2, runs: 1 });
  });

  it('serves a client of its own, for routes that need a recent proof', async () => {
    const { user, counts, stepUp } = await page();
    const mfa = createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: stepUp });
    await expect(mfa.renameAuthenticator(user.authenticatorId, 'Renamed')).resolves.toMatchObject({
      name: 'Renamed',
    });
    expect(counts.runs).toBe(1);
  });
});
