import type { OnModuleDestroy, OnModuleInit, Type } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Attributes, Tracer } from '@opentelemetry/api';
import { ProxyTracerProvider, SpanStatusCode, context, trace } from '@opentelemetry/api';

import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { MfaEvent } from '../engine/journal/mfa-event.js';
import { MfaEvents } from '../engine/journal/mfa-journal.js';
import type { MfaOperation } from '../engine/factors/operation.js';
import { getMfaUser } from '../engine/rows/mfa-request.js';
import type { SupportedDatabase } from '../schema/check-data-source.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { MfaAttribute } from './closed-attributes.js';
import { DATABASE_SYSTEMS, closed } from './closed-attributes.js';
import { CurrentInstruments, SCOPE } from './instruments.js';
import type { Ending, ObservedMethod } from './operations.js';
import { OBSERVED, endingOf, failureOf } from './operations.js';
import type { Around } from '../core/objects/wrap-method.js';
import { wrapMethod } from '../core/objects/wrap-method.js';

/** Injection token for the options of `MfaTelemetryModule`. */
export const TELEMETRY_OPTIONS = Symbol.for('nestjs-mfa:TELEMETRY_OPTIONS');

export interface MfaTelemetryOptions {
  /**
   * Whether spans carry the user's id as `user.id` (OpenTelemetry semantic conventions). Metrics never do. The id is
   * personal data wherever traces are stored. Default: false.
   */
  userId?: boolean;
}

/** The attributes known before an operation runs. */
type Known = Partial<Record<MfaAttribute, string | undefined>>;

/** The storages of the applications that are already instrumented. */
const observed = new WeakSet<MfaStorage>();

/** Wraps the module's operations in spans and measurements, and counts its events. */
@Injectable()
export class MfaTelemetry implements OnModuleInit, OnModuleDestroy {
  private readonly undo: (() => void)[] = [];
  private instruments: CurrentInstruments | null = null;

  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(TELEMETRY_OPTIONS) private readonly options: MfaTelemetryOptions,
  ) {}

  onModuleInit(): void {
    const find = <T extends object>(token: Type<T>): T => this.modules.get(token, { strict: false });
    const storage = find(MfaStorage);
    if (observed.has(storage))
      throw new Error(
        'MfaTelemetryModule is imported twice, so everything would be counted twice: call forRoot() once',
      );
    observed.add(storage);
    this.instruments = new CurrentInstruments(storage);
    // Other database types fail the boot.
    const system = DATABASE_SYSTEMS[storage.dataSource.options.type as SupportedDatabase];
    for (const method of OBSERVED) {
      const isStorage = method.operation.startsWith('storage.');
      const known: Known = isStorage ? { 'db.system.name': system } : {};
      this.undo.push(
        wrapMethod(find<object>(method.of as Type<object>), method.method, this.around(method, known)),
      );
    }
    this.observeAdapter();
    this.undo.push(find(MfaEvents).on('*', (event) => quietly(() => this.count(event))));
  }

  onModuleDestroy(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
    this.instruments?.end();
  }

  private around({ operation, type, typeAt }: ObservedMethod, known: Known): Around {
    return (given, work) => {
      const ofType = typeAt === undefined ? type : String(given[typeAt]);
      return this.observe(operation, { ...known, 'mfa.factor.type': ofType }, work, () => userOf(given));
    };
  }

  /** Sending goes through the application's adapter, which can be anything. */
  private observeAdapter(): void {
    const adapter = this.modules.get<object>(MFA_ADAPTER, { strict: false });
    const about = (operation: MfaOperation, attribute: MfaAttribute, property: string): Around => {
      return ([sent], work) => this.observe(operation, { [attribute]: textOf(sent, property) }, work);
    };
    this.undo.push(
      wrapMethod(adapter, 'sendNotification', about('notification', 'mfa.notification', 'type')),
      wrapMethod(adapter, 'sendMessage', about('message', 'mfa.channel', 'channel')),
    );
  }

  private observe(
    operation: MfaOperation,
    known: Known,
    work: () => unknown,
    user?: () => string | undefined,
  ): unknown {
    const tracer = quietly(currentTracer);
    const instruments = quietly(() => this.instruments?.current());
    if (!tracer && !instruments) return work();
    const attributes = { 'mfa.operation': operation, ...known };
    const span = quietly(() => tracer?.startSpan(`mfa.${operation}`, { attributes: closed(attributes) }));
    const startedAt = performance.now();
    const end = (ending: Ending): void => {
      quietly(() => {
        const all = labelsOf(attributes, ending);
        instruments?.duration.record((performance.now() - startedAt) / 1000, all);
        const id = this.options.userId && span?.isRecording() ? user?.() : undefined;
        span?.setAttributes(id === undefined ? all : { ...all, 'user.id': id });
        // Without the error message, which could contain anything. A refusal is a response, not a server failure.
        if (ending.outcome === 'failed') span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      });
    };
    const around = span ? trace.setSpan(context.active(), span) : context.active();
    // Treats a synchronous throw like a rejected promise.
    const done = context.with(around, () => new Promise((resolve) => resolve(work())));
    return done.then(
      (result) => {
        end(endingOf(result));
        return result;
      },
      (error: unknown) => {
        end(failureOf(error));
        throw error;
      },
    );
  }

  private count(event: MfaEvent): void {
    const { attempts, locks, events } = this.instruments?.current() ?? {};
    events?.add(1, closed({ 'mfa.event': event.type }));
    switch (event.type) {
      case 'mfa.authenticator.used':
        attempts?.add(1, closed({ 'mfa.factor.type': event.data.authenticator.type, 'mfa.outcome': 'ok' }));
        break;
      case 'mfa.authenticator.failed': {
        // A code may have been tried against several types without matching any.
        const [type, ...others] = event.data.types;
        attempts?.add(
          1,
          closed({ 'mfa.factor.type': others.length > 0 ? '' : type, 'mfa.outcome': 'refused' }),
        );
        break;
      }
      case 'mfa.authenticator.locked': {
        const { authenticator, reason = 'failures' } = event.data;
        locks?.add(1, closed({ 'mfa.factor.type': authenticator.type, 'mfa.lock.cause': reason }));
      }
    }
  }
}

/** Returns null without an SDK. Looked up each time, so that an SDK registered later is picked up. */
function currentTracer(): Tracer | null {
  const provider = trace.getTracerProvider();
  const isIdle = provider instanceof ProxyTracerProvider && provider.getDelegateTracer(SCOPE) === undefined;
  return isIdle ? null : provider.getTracer(SCOPE);
}

function labelsOf(known: Known, { outcome, errorType, type }: Ending): Attributes {
  const found = type === undefined ? {} : { 'mfa.factor.type': type };
  return closed({ ...known, 'mfa.outcome': outcome, 'error.type': errorType, ...found });
}

/** A telemetry failure must never fail a sign-in. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The user an operation concerns: the one passed in, or the one found for its request. */
function userOf(given: readonly unknown[]): string | undefined {
  for (const one of given.slice(0, 2)) {
    if (typeof one !== 'object' || one === null) continue;
    const { id, user } = one as Partial<MfaUser> & { user?: MfaUser | null };
    const found = getMfaUser(one)?.id ?? user?.id ?? id;
    if (found !== undefined) return String(found);
  }
  return undefined;
}

const textOf = (value: unknown, property: string): string =>
  String((value as Record<string, unknown> | undefined)?.[property]);
