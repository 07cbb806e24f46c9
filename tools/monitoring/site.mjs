// A site with telemetry, whose metrics Prometheus scrapes and whose spans are kept.
import { createServer } from 'node:http';

import { Logger } from '@nestjs/common';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { MfaTelemetryModule } from 'nestjs-mfa/opentelemetry';

import { startApplication } from '../../bench/contenders/nestjs-mfa/application.mjs';
import { QuietAdapter } from '../support/application.mjs';
import { createDatabase } from '../support/databases.mjs';

/**
 * The site's mail server. Replaced before the application is created, since telemetry wraps the method it finds then.
 */
function startMails() {
  const mails = { areRefused: false };
  QuietAdapter.prototype.sendNotification = () =>
    mails.areRefused ? Promise.reject(new Error('The mail server is away')) : Promise.resolve();
  return mails;
}

/** `endpoint` is what Prometheus scrapes. */
export async function startSite() {
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const server = createServer((request, response) => prometheus.getMetricsRequestHandler(request, response));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const spans = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [prometheus] }));
  const database = await createDatabase('sqlite');
  // It would log every request while the database is down, which is intended here.
  Logger.overrideLogger(false);
  const mails = startMails();
  const site = await startApplication(database, { imports: [MfaTelemetryModule.forRoot()] });
  traceRequests(site.app.getHttpServer());
  const close = async () => {
    await site.app.close();
    server.close();
    await database.drop();
  };
  return { ...site, mails, spans, endpoint: `127.0.0.1:${server.address().port}`, close };
}

/** Creates a span for each request, like HTTP instrumentation does: the module's spans are its children. */
function traceRequests(server) {
  const tracer = trace.getTracer('http');
  const { emit } = server;
  server.emit = function (event, ...given) {
    if (event !== 'request') return emit.call(this, event, ...given);
    const [request, response] = given;
    return tracer.startActiveSpan(`${request.method} ${request.url}`, (span) => {
      response.on('finish', () => span.end());
      return emit.call(this, event, ...given);
    });
  };
}
