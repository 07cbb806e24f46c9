/** @jest-environment-options {"ownModules": true} */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';

import type { Attributes } from '@opentelemetry/api';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { MfaService, emailCode } from 'nestjs-mfa';
import { MFA_METRICS, MfaTelemetryModule } from 'nestjs-mfa/opentelemetry';
import { SoftwareSecurityKey } from 'nestjs-mfa/testing';

import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  ORIGIN,
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  startTestApp,
} from '../support/test-app.js';

class SendingAdapter extends TestAdapter {
  readonly sent: string[] = [];
  problem: string | null = null;

  override sendNotification(...given: Parameters<TestAdapter['sendNotification']>): void | Promise<void> {
    const { problem } = this;
    this.problem = null;
    return problem === null ? super.sendNotification(...given) : Promise.reject(new Error(problem));
  }

  override sendMessage({ text }: { text: string }): void {
    this.sent.push(text);
  }
}

const exporter = new InMemorySpanExporter();
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
let reader: PeriodicExportingMetricReader;
/** Where a test puts a processor of its own. */
let faulty: Partial<SpanProcessor> = {};

function registerSdk(): void {
  reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const custom: SpanProcessor = {
    onStart: (...given) => faulty.onStart?.(...given),
    onEnd: (span) => faulty.onEnd?.(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), custom] }),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
}

function forgetSdk(): void {
  context.disable();
  trace.disable();
  metrics.disable();
}

const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);

/** The points of a metric, each as its attributes and its value or count. */
async function points(name: string): Promise<{ attributes: Attributes; value: number }[]> {
  measured.reset();
  await reader.forceFlush();
  const all = measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
  const found = all.find(({ descriptor }) => descriptor.name === name);
  return (found?.dataPoints ?? []).map(({ attributes, value }) => ({
    attributes,
    value: typeof value === 'number' ? value : (value as { count: number }).count,
  }));
}

const countOf = async (name: string, wanted: Attributes): Promise<number> =>
  (await points(name))
    .filter(({ attributes }) => Object.entries(wanted).every(([key, value]) => attributes[key] === value))
    .reduce((sum, { value }) => sum + value, 0);

const OPTIONS = {
  adapter: SendingAdapter,
  mfa: { webauthn: RELYING_PARTY, factors: [emailCode()], rateLimit: { lockAfter: 3 } },
};

describe('with an SDK', () => {
  let test: TestApp;
  let user: Enrolled;

  beforeAll(async () => {
    registerSdk();
    test = await startTestApp({ ...OPTIONS, imports: [MfaTelemetryModule.forRoot()] });
  });
  beforeEach(async () => {
    user = await enroll(test);
    await test.settled();
    exporter.reset();
  });
  afterEach(() => {
    faulty = {};
  });
  afterAll(async () => {
    await test.close();
    forgetSdk();
  });

  it('a sign-in is a trace of what it is made of', async () => {
    const tracer = trace.getTracer('the server');
    await tracer.startActiveSpan('POST /login', async (root) => {
      // Inside of the application the server's span is active, as instrumentations of HTTP see to.
      const request = { headers: { 'x-mfa-session': 'new' }, method: 'POST', ip: '192.0.2.77' };
      await test.app.get(MfaService).login({ id: user.id }, { request, response: undefined as never });
      root.end();
    });
    const [root] = named('POST /login');
    const [login] = named('mfa.sign_in');
    expect(login?.parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
    expect(login?.attributes).toEqual({ 'mfa.operation': 'sign_in', 'mfa.outcome': 'mfa_required' });
    const [commit] = named('mfa.storage.commit');
    expect(commit?.parentSpanContext?.spanId).toBe(login?.spanContext().spanId);
    expect(commit?.attributes).toEqual({
      'mfa.operation': 'storage.commit',
      'mfa.outcome': 'ok',
      'db.system.name': expect.stringMatching(/^(sqlite|postgresql|mariadb)$/),
    });
  });

  it('codes are verified, right and wrong', async () => {
    const right = { 'mfa.factor.type': 'totp', 'mfa.outcome': 'ok' };
    const before = [
      await countOf('mfa.attempts', right),
      await countOf('mfa.attempts', { 'mfa.outcome': 'refused' }),
    ];
    const half = await halfSignIn(test, user);
    await half.post('/mfa/authenticate', { code: '000000' });
    await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    const outcomes = named('mfa.verification').map(({ attributes, status }) => [attributes, status.code]);
    expect(outcomes).toEqual([
      [{ 'mfa.operation': 'verification', 'mfa.outcome': 'refused', 'error.type': 'incorrect_code' }, 0],
      [{ 'mfa.operation': 'verification', 'mfa.outcome': 'ok', 'mfa.factor.type': 'totp' }, 0],
    ]);
    expect(named('mfa.proof')).toHaveLength(2);
    await test.settled();
    expect(await countOf('mfa.attempts', right)).toBe((before[0] as number) + 1);
    expect(await countOf('mfa.attempts', { 'mfa.outcome': 'refused' })).toBe((before[1] as number) + 1);
  });

  it('locks are counted, with their cause', async () => {
    const half = await halfSignIn(test, user);
    for (let i = 0; i < 3; i++) await half.post('/mfa/authenticate', { code: '000000' });
    await test.settled();
    const risen = (await points('mfa.locks')).filter(({ value }) => value > 0);
    expect(risen).toEqual([
      { attributes: { 'mfa.factor.type': 'totp', 'mfa.lock.cause': 'failures' }, value: 1 },
    ]);
    // There before it ever happened, so that an alert sees it rise.
    expect(await points('mfa.events')).toContainEqual({
      attributes: { 'mfa.event': 'mfa.authenticator.tampered' },
      value: 0,
    });
    expect(await countOf('mfa.events', { 'mfa.event': 'mfa.authenticator.locked' })).toBe(1);
  });

  it('ceremonies are set up, asked for and finished', async () => {
    const key = new SoftwareSecurityKey({ origin: ORIGIN });
    const { body: creation } = await user.client.post('/mfa/webauthn/options');
    await user.client.post('/mfa/webauthn', { credential: key.create(creation) });
    const half = await halfSignIn(test, user);
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    await half.post('/mfa/authenticate/webauthn', { credential: key.get(options) });
    for (const operation of ['setup.begin', 'setup.finish', 'challenge', 'proof']) {
      const [span] = named(`mfa.${operation}`);
      expect(span?.attributes).toMatchObject({ 'mfa.operation': operation, 'mfa.factor.type': 'webauthn' });
      const labels = { 'mfa.operation': operation, 'mfa.factor.type': 'webauthn' };
      expect(await countOf('mfa.operation.duration', labels)).toBeGreaterThan(0);
    }
  });

  it('a factor of the option `factors` is called by its type, and what nobody registered is not', async () => {
    await user.client.post('/mfa/factors/email_code');
    await user.client.post('/mfa/factors/carrier_pigeon');
    expect(named('mfa.setup.begin').map(({ attributes }) => attributes['mfa.factor.type'])).toEqual([
      'email_code',
      'other',
    ]);
    const [message] = named('mfa.message');
    expect(message?.attributes).toMatchObject({ 'mfa.channel': 'email', 'mfa.outcome': 'ok' });
  });

  it('the guard is measured with the code of its refusal', async () => {
    await user.client.get('/protected');
    test.clock.advance(301);
    await user.client.get('/protected');
    expect(named('mfa.guard').map(({ attributes }) => attributes)).toEqual([
      { 'mfa.operation': 'guard', 'mfa.outcome': 'allowed' },
      { 'mfa.operation': 'guard', 'mfa.outcome': 'refused', 'error.type': 'mfa_required' },
    ]);
  });

  it('what fails is an error, without its message', async () => {
    (test.adapter as SendingAdapter).problem = 'the password of the mail server is hunter2';
    await user.client.post('/mfa/recovery-codes');
    await test.settled();
    const [sent] = named('mfa.notification');
    expect(sent?.attributes).toEqual({
      'mfa.operation': 'notification',
      'mfa.notification': 'recovery_codes_regenerated',
      'mfa.outcome': 'failed',
      'error.type': 'other',
    });
    expect([sent?.status, sent?.events]).toEqual([{ code: 2 }, []]);
  });

  it('a database that is away is a failure, with its code', async () => {
    const client = await halfSignIn(test, user);
    await client.get('/mfa/status');
    const { dataSource } = test;
    const original = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = () => {
      throw new Error('away');
    };
    const { status, body } = await user.client.get('/protected');
    dataSource.createQueryRunner = original;
    expect([status, body.code]).toEqual([503, 'storage_unavailable']);
    const failed = spans().filter(({ attributes }) => attributes['mfa.outcome'] === 'failed');
    expect(failed.map(({ name }) => name)).toEqual(['mfa.storage.read', 'mfa.guard']);
    for (const { status: ended, attributes } of failed) {
      expect(ended).toEqual({ code: 2 });
      expect(attributes['error.type']).toBe('storage_unavailable');
    }
  });

  it('neither spans nor metrics hold anything of a user', async () => {
    const half = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    await half.post('/mfa/authenticate', { code });
    await half.get('/protected');
    await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
    await half.post('/mfa/factors/email_code');
    await test.settled();
    const told = JSON.stringify([
      spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      await points('mfa.operation.duration'),
      await points('mfa.attempts'),
      await points('mfa.events'),
    ]);
    const { sent } = test.adapter as SendingAdapter;
    const messages = sent.flatMap((text) => text.match(/\d{6}/g) ?? []);
    for (const secret of [
      user.id,
      user.secret,
      code,
      '127.0.0.1',
      '@example.com',
      ...user.recoveryCodes,
      ...messages,
    ])
      expect(told).not.toContain(secret);
    expect(told).toContain('mfa.session.verified');
  });

  it('a provider that throws breaks no request', async () => {
    const provider = metrics.getMeterProvider();
    metrics.disable();
    metrics.setGlobalMeterProvider({
      getMeter: () => {
        throw new Error('the meter is broken');
      },
    });
    const { status } = await user.client.get('/protected');
    metrics.disable();
    metrics.setGlobalMeterProvider(provider);
    expect(status).toBe(200);
  });

  it('an SDK that throws breaks no sign-in', async () => {
    for (const broken of ['onStart', 'onEnd'] as const) {
      faulty = {
        [broken]: () => {
          throw new Error('the exporter is broken');
        },
      };
      test.clock.advance(60);
      const half = await halfSignIn(test, user);
      const { status } = await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
      expect(status).toBe(200);
    }
  });

  it('measures what its table says, in these units', async () => {
    await user.client.get('/protected');
    measured.reset();
    await reader.forceFlush();
    const all = measured
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
    for (const [name, { unit, description }] of Object.entries(MFA_METRICS)) {
      const found = all.find(({ descriptor }) => descriptor.name === name);
      expect(found?.descriptor).toMatchObject({ unit, description });
    }
    expect(await points('mfa.storage.unanswered')).toEqual([{ attributes: {}, value: 0 }]);
  });
});

describe('the id of the user', () => {
  it('is on spans when the option says so, and on no metric', async () => {
    registerSdk();
    const test = await startTestApp({ ...OPTIONS, imports: [MfaTelemetryModule.forRoot({ userId: true })] });
    const user = await enroll(test);
    exporter.reset();
    await user.client.get('/protected');
    const half = await halfSignIn(test, user);
    await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    for (const name of ['mfa.guard', 'mfa.sign_in', 'mfa.verification'])
      expect(named(name)[0]?.attributes['user.id']).toBe(user.id);
    expect(JSON.stringify(await points('mfa.operation.duration'))).not.toContain(user.id);
    await test.close();
    forgetSdk();
  });
});

describe('without an SDK', () => {
  it('all answers as ever, and one that comes later is used from then on', async () => {
    forgetSdk();
    exporter.reset();
    const test = await startTestApp({ ...OPTIONS, imports: [MfaTelemetryModule.forRoot()] });
    const user = await enroll(test);
    expect((await user.client.get('/protected')).status).toBe(200);
    expect(spans()).toEqual([]);
    registerSdk();
    const before = await countOf('mfa.operation.duration', { 'mfa.operation': 'guard' });
    await user.client.get('/protected');
    expect(named('mfa.guard')).toHaveLength(1);
    expect(await countOf('mfa.operation.duration', { 'mfa.operation': 'guard' })).toBe(before + 1);
    await test.close();
    forgetSdk();
  });

  it('is not imported twice', async () => {
    const twice = [MfaTelemetryModule.forRoot(), MfaTelemetryModule.forRoot({ userId: true })];
    await expect(startTestApp({ ...OPTIONS, imports: twice })).rejects.toThrow('imported twice');
  });

  it('leaves the classes as they were when the application ends', async () => {
    const test = await startTestApp({ ...OPTIONS, imports: [MfaTelemetryModule.forRoot()] });
    const { adapter } = test;
    expect(Object.hasOwn(adapter, 'sendMessage')).toBe(true);
    await test.close();
    expect(Object.hasOwn(adapter, 'sendMessage')).toBe(false);
  });
});

describe('the package', () => {
  it('needs the API of OpenTelemetry nowhere else', () => {
    const sources = readdirSync('libs/mfa/src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('opentelemetry'))
      .filter((name) => /['"]@opentelemetry\//.test(readFileSync(`libs/mfa/src/${name}`, 'utf8')));
    expect(sources).toEqual([]);
  });
});
