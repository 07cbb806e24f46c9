import type { Counter, Histogram, Meter, MeterProvider } from '@opentelemetry/api';
import { createNoopMeter, metrics } from '@opentelemetry/api';

import { MFA_TYPES } from '../core/policy/methods.js';
import type { MfaStorage } from '../storage/mfa-storage.js';
import { EVENT_TYPES, LOCK_CAUSES, closed } from './closed-attributes.js';

/** The name of the instrumentation scope, for tracers and meters. */
export const SCOPE = 'nestjs-mfa';

/** The metrics. A test checks the documentation and the dashboard against this list. */
export const MFA_METRICS = {
  'mfa.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'How long the operations of the module take, and how they end',
  },
  'mfa.attempts': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Proofs of a second factor that were accepted or refused',
  },
  'mfa.locks': {
    kind: 'counter',
    unit: '{authenticator}',
    description: 'Authenticators that were locked',
  },
  'mfa.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events of the module, by their type',
  },
  'mfa.storage.unanswered': {
    kind: 'gauge',
    unit: '{statement}',
    description: 'Statements that were given up on, and that the database has not answered yet',
  },
} as const;

/** From an in-memory decision (under a millisecond) to an unreachable database (10 seconds). */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Instruments {
  duration: Histogram;
  attempts: Counter;
  locks: Counter;
  events: Counter;
}

interface Made {
  instruments: Instruments | null;
  end: () => void;
}

const IDLE: Made = { instruments: null, end: () => undefined };

/** The instruments of the process's current MeterProvider. One that is registered later is picked up. */
export class CurrentInstruments {
  private made: ({ by: MeterProvider } & Made) | null = null;

  constructor(private readonly storage: Pick<MfaStorage, 'unanswered'>) {}

  /** Null without an SDK. */
  current(): Instruments | null {
    const provider = metrics.getMeterProvider();
    if (this.made?.by !== provider) {
      this.end();
      const meter = provider.getMeter(SCOPE);
      this.made = { by: provider, ...(meter === createNoopMeter() ? IDLE : this.make(meter)) };
    }
    return this.made.instruments;
  }

  /** Stops observing the storage. */
  end(): void {
    this.made?.end();
    this.made = null;
  }

  private make(meter: Meter): Made {
    const gauge = meter.createObservableGauge(
      'mfa.storage.unanswered',
      MFA_METRICS['mfa.storage.unanswered'],
    );
    const look = (result: { observe(value: number): void }): void => result.observe(this.storage.unanswered);
    gauge.addCallback(look);
    const instruments = {
      duration: meter.createHistogram('mfa.operation.duration', {
        ...MFA_METRICS['mfa.operation.duration'],
        advice: { explicitBucketBoundaries: BUCKETS },
      }),
      attempts: meter.createCounter('mfa.attempts', MFA_METRICS['mfa.attempts']),
      locks: meter.createCounter('mfa.locks', MFA_METRICS['mfa.locks']),
      events: meter.createCounter('mfa.events', MFA_METRICS['mfa.events']),
    };
    beginAtZero(instruments);
    return {
      instruments,
      end: () => gauge.removeCallback(look),
    };
  }
}

/**
 * Rare counters start at zero: a counter that first appears with its first event shows no increase, so no alert would
 * fire.
 */
function beginAtZero({ locks, events }: Instruments): void {
  for (const event of EVENT_TYPES) events.add(0, closed({ 'mfa.event': event }));
  for (const type of MFA_TYPES)
    for (const cause of LOCK_CAUSES)
      locks.add(0, closed({ 'mfa.factor.type': type, 'mfa.lock.cause': cause }));
}
