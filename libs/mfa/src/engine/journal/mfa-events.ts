import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { findOptionalProvider } from '../../options/find-optional-provider.js';
import type { MfaEvent, MfaEventType } from './mfa-event.js';

type Listener<T extends MfaEventType> = (event: MfaEvent<T>) => unknown;

interface Emitter {
  emitAsync(type: string, event: MfaEvent): Promise<unknown>;
}

/**
 * Tells the application what happened: listeners that were added here, and `@OnEvent()` handlers when the application has
 * `@nestjs/event-emitter`. A listener that fails is logged; it never fails the request.
 */
@Injectable()
export class MfaEvents implements OnModuleInit {
  private readonly logger = new Logger(MfaEvents.name);
  private readonly listeners = new Set<{ type: MfaEventType | '*'; listener: Listener<MfaEventType> }>();
  private emitter: Emitter | null = null;

  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  onModuleInit(): void {
    // So the class is called that the package exports as `EventEmitter2`.
    this.emitter = findOptionalProvider<Emitter>(this.modules, 'EventEmitter', 'emitAsync');
  }

  /**
   * Calls the listener for each event of that type, or for all with `*`, after the change was committed.
   *
   * @returns a function that removes the listener
   */
  on<T extends MfaEventType>(type: T, listener: Listener<T>): () => void;
  on(type: '*', listener: Listener<MfaEventType>): () => void;
  on(type: MfaEventType | '*', listener: Listener<never>): () => void {
    const entry = { type, listener: listener as Listener<MfaEventType> };
    this.listeners.add(entry);
    return () => this.listeners.delete(entry);
  }

  /** @internal */
  publish(events: readonly MfaEvent[]): void {
    for (const event of events) {
      for (const { type, listener } of this.listeners) {
        if (type === '*' || type === event.type) this.run(event, () => listener(event));
      }
      this.run(event, () => this.emitter?.emitAsync(event.type, event));
    }
  }

  /** Later, so that no listener holds up the request. */
  private run({ type }: MfaEvent, listener: () => unknown): void {
    Promise.resolve()
      .then(listener)
      .catch((error: unknown) => {
        this.logger.error(`A listener of ${type} failed: ${error instanceof Error ? error.message : ''}`);
      });
  }
}
