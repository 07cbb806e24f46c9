// Its own process, in which nothing else runs. Prints the microseconds and bytes of a guard decision as JSON.
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { AuthenticationSessionService, MfaGuard } from 'nestjs-mfa';
import { MfaTelemetryModule } from 'nestjs-mfa/opentelemetry';

import { GuardedController, startApplication } from '../contenders/nestjs-mfa/application.mjs';
import { createDatabase } from '../../tools/support/databases.mjs';
import { callOf } from './call.mjs';
import { costOf } from './cost.mjs';

const WARM_UP = 5000;
const CALLS = 5000;
const COUNTED = 1000;

const [way] = process.argv.slice(2);
if (way === 'an SDK') {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  metrics.setGlobalMeterProvider(new MeterProvider());
}

const db = await createDatabase('sqlite');
const imports = way === 'without the module' ? [] : [MfaTelemetryModule.forRoot()];
const { app } = await startApplication(db, { imports });
const guard = app.get(MfaGuard, { strict: false });
const now = Date.now();
const methods = [
  { method: 'pwd', at: now },
  { method: 'totp', at: now, authenticatorId: 'app-of-user' },
];
const { token } = await app
  .get(AuthenticationSessionService)
  .create({ id: 'user' }, { status: 'authenticated', methods });
const decide = () => guard.canActivate(callOf(GuardedController, { headers: { 'x-mfa-session': token } }));

await costOf(decide, WARM_UP);
const { cpu } = await costOf(decide, CALLS);
globalThis.gc();
const before = process.memoryUsage().heapUsed;
await costOf(decide, COUNTED);
const bytes = Math.round((process.memoryUsage().heapUsed - before) / COUNTED);
await app.close();
await db.drop();
process.stdout.write(`${JSON.stringify({ cpu, bytes })}\n`);
