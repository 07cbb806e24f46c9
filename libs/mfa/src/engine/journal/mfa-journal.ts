import { Inject, Injectable, Logger } from '@nestjs/common';
import { NIL } from 'uuid';
import type { OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { sortableId } from '../../core/crypto/tokens.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { CommitResult, Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { tableOptions } from '../../storage/table-options.js';
import { MfaNotifier } from './mfa-notifier.js';
import type { MfaEventAuthenticator, MfaEvent, NewMfaEvent, MfaEventType } from './mfa-event.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { MfaAuditEntry } from './audit-entry.entity.js';
import { areFewCodesLeft } from '../../core/policy/codes-left.js';
import { isRecoveryCodes } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { findOptionalProvider } from '../../options/find-optional-provider.js';

type Listener<T extends MfaEventType> = (event: MfaEvent<T>) => unknown;

interface Emitter {
  emitAsync(type: string, event: MfaEvent): Promise<unknown>;
}

/**
 * Publishes events to the application: to listeners added here, and to `@OnEvent()` handlers if the application has
 * `@nestjs/event-emitter`. An error in a listener is logged and never fails the request.
 */
@Injectable()
export class MfaEvents implements OnModuleInit {
  private readonly logger = new Logger(MfaEvents.name);
  private readonly listeners = new Set<{ type: MfaEventType | '*'; listener: Listener<MfaEventType> }>();
  private emitter: Emitter | null = null;

  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  onModuleInit(): void {
    // The name of the class that the package exports as `EventEmitter2`.
    this.emitter = findOptionalProvider<Emitter>(this.modules, 'EventEmitter', 'emitAsync');
  }

  /**
   * Calls the listener for each event of that type, or for every event with `*`, after the change was committed.
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

  /** Deferred so that no listener holds up the request. */
  private run({ type }: MfaEvent, listener: () => unknown): void {
    Promise.resolve()
      .then(listener)
      .catch((error: unknown) => {
        this.logger.error(`A listener of ${type} failed: ${messageOf(error)}`);
      });
  }
}

/** Writes events to the audit trail, in the transaction of the change they describe. */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** The statements that store these events; none unless the audit trail is enabled. */
  plan(events: readonly MfaEvent[]): Write[] {
    if (!this.options.audit.enabled || events.length === 0) return [];
    const rows = events.map(({ actor, ...event }) => ({
      ...event,
      userId: event.userId || nobody(),
      actorType: actor.type,
      actorId: actor.id,
    }));
    return [{ query: this.storage.statements.insertion(MfaAuditEntry, rows) }];
  }
}

/** A change and the events it causes for one user. */
export interface Happening {
  /** Null if the change concerns no user in particular; then no notification is sent. */
  user: MfaUser | null;
  source: MfaEventSource;
  events: readonly NewMfaEvent[];
  /** Whether to skip notifying the account's owner because nothing changes for them. */
  silent?: boolean;
}

/**
 * Commits changes together with their audit trail, and publishes their events once the commit is done: exactly once, never
 * before.
 */
@Injectable()
export class MfaJournal {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(MfaEvents) private readonly events: MfaEvents,
    @Inject(MfaNotifier) private readonly notifier: MfaNotifier,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Runs the writes in one transaction. Events are published only if it was committed, even if that only becomes known after
   * the request was refused: what was counted, locked or ended must not go unreported.
   */
  async commit(writes: readonly Write[], happening: Happening): Promise<CommitResult> {
    const events = this.stamp(happening);
    const all = [...writes, ...this.audit.plan(events)];
    const result = await this.storage.commit(all, () => this.tell(happening, events));
    if (result.committed) this.tell(happening, events);
    return result;
  }

  /** Records events without changing any of the module's rows. */
  async record(happening: Happening): Promise<void> {
    await this.commit([], happening);
  }

  private tell({ user, silent = false }: Happening, events: readonly MfaEvent[]): void {
    this.events.publish(events);
    if (silent || !user) return;
    for (const event of events) this.notifier.notify(event, user);
  }

  private stamp({ user, source, events }: Happening): MfaEvent[] {
    const now = this.clock.now();
    const userId = user ? userIdOf(user) : '';
    return events.map((event) => ({ id: sortableId(now), at: new Date(now), userId, ...source, ...event }));
  }
}

/** The part of an authenticator that events may show. */
export function nameAuthenticator({ id, type, name }: MfaEventAuthenticator): MfaEventAuthenticator {
  return { id, type, name };
}

/** The events of an accepted proof. `row` is as it was when the use was claimed. */
export function proofEvents(row: Authenticator): NewMfaEvent[] {
  const authenticator = nameAuthenticator(row);
  const events: NewMfaEvent[] = [{ type: 'mfa.authenticator.used', data: { authenticator } }];
  // Other factors that count down need no warning: running out loses only that factor.
  if (row.remaining === null || !isRecoveryCodes(row.type)) return events;
  const remaining = row.remaining - 1;
  events.push({ type: 'mfa.recovery_code.used', data: { authenticator, remaining } });
  if (areFewCodesLeft(remaining))
    events.push({ type: 'mfa.recovery_codes.low', data: { authenticator, remaining } });
  return events;
}

/** The value of a user id column for no user. Where ids aren't text it can't be empty. */
function nobody(): string {
  const { type } = tableOptions().userId;
  if (type === 'uuid') return NIL;
  return type === 'varchar' ? '' : '0';
}
