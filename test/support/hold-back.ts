import { AsyncLocalStorage } from 'node:async_hooks';

import type { INestApplication } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import type { Answer } from './client.js';
import { ENGINE } from './databases.js';
import { beforeEachStep } from './steps-of.js';
import { THOROUGH, turnOf } from './thorough.js';

/** The header that marks the request to be held back. */
export const HELD = { 'x-test-held': '1' };

/** Longer than any request takes unless it waits for a lock of the held request. */
const BLOCKED_AFTER_MS = 150;

/** Each point takes ten times as long on a server as on SQLite. */
const STEP_ON_SERVERS = 3;

/**
 * The points at which to hold a request; the caller stops once the request has no more. On SQLite these are all points, on servers every third one, from a
 * different start in each turn: three turns cover all of them, and `MFA_TEST_THOROUGH` does so at once.
 */
export function* pointsFrom(first = 1): Generator<number, never> {
  const step = ENGINE === 'sqlite' || THOROUGH ? 1 : STEP_ON_SERVERS;
  for (let point = first + turnOf(step); ; point += step) yield point;
}

/** The result of a request that was held. */
export interface Held {
  answer: Answer;
  /** Whether the request reached the step; otherwise it was never held. */
  reached: boolean;
  /** Whether the others couldn't finish before it continued, because it had locked their rows. */
  blocked: boolean;
}

interface Steps {
  taken: number;
  /** The step before which to wait. */
  holdAt: number;
  reached: () => void;
  goOn: Promise<void>;
}

/**
 * Holds a request before its n-th step until others have finished. A step is a database statement or an adapter hook.
 * This covers every interleaving of two requests, not only those that happen by chance. (On SQLite the statements of a
 * commit run without interruption: nothing can come between them.)
 */
export class HoldBack {
  private readonly steps = new AsyncLocalStorage<Steps>();
  private current: Steps | null = null;

  /** Middleware that marks requests with the {@link HELD} header, for `configure` of a test application. */
  readonly mark = (app: INestApplication): void => {
    app.use((request: { headers: Record<string, unknown> }, _response: unknown, next: () => void) => {
      const isHeld = request.headers['x-test-held'] !== undefined && this.current !== null;
      if (isHeld) this.steps.run(this.current as Steps, next);
      else next();
    });
  };

  /** Counts the statements of that database and the hooks of that adapter as steps. */
  watch(dataSource: DataSource, adapter: object): void {
    beforeEachStep({ dataSource, adapter }, () => this.step());
  }

  /** Sends the request, holds it before its n-th step while the others run, and then lets it continue. */
  async run(holdAt: number, request: () => Promise<Answer>, others: () => Promise<void>): Promise<Held> {
    let goOn = (): void => undefined;
    let reached = (): void => undefined;
    const isReached = new Promise<boolean>((resolve) => (reached = () => resolve(true)));
    this.current = { taken: 0, holdAt, reached, goOn: new Promise((resolve) => (goOn = resolve)) };
    const sent = request();
    const wasReached = await Promise.race([isReached, sent.then(() => false)]);
    let blocked = false;
    if (wasReached) {
      const through = others();
      blocked = await Promise.race([through.then(() => false), waitOrTrue()]);
      goOn();
      await through;
    }
    const answer = await sent;
    this.current = null;
    return { answer, reached: wasReached, blocked };
  }

  private async step(): Promise<void> {
    const steps = this.steps.getStore();
    if (!steps) return;
    steps.taken += 1;
    if (steps.taken !== steps.holdAt) return;
    steps.reached();
    await steps.goOn;
  }
}

/** On a server, the held request may have locks that the others wait for. On SQLite nothing waits. */
function waitOrTrue(): Promise<true> {
  return ENGINE === 'sqlite'
    ? new Promise(() => undefined)
    : new Promise((resolve) => setTimeout(() => resolve(true), BLOCKED_AFTER_MS));
}
