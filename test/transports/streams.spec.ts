import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Inject, Injectable, Sse, UseGuards } from '@nestjs/common';
import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaService,
  MfaSessionGuard,
  RequireMfa,
} from 'nestjs-mfa';
import { interval, map } from 'rxjs';

import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { PLATFORMS } from '../support/platforms.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { enroll } from '../support/test-app.js';
import { startTransportApp } from './support/transport-app.js';

// As text: of numbers Nest 11 makes none.
const ticks = () => interval(20).pipe(map((count) => ({ data: String(count) })));

/** A guard of the application's that leaves the question to ours. */
@Injectable()
class AskingGuard implements CanActivate {
  constructor(@Inject(MfaSessionGuard) private readonly guard: MfaSessionGuard) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return this.guard.canActivate(context);
  }
}

@Controller('ticks')
class TicksController {
  @Sse('guarded')
  @RequireMfa({ maxAge: 43_200 })
  guarded(): object {
    return ticks();
  }

  @Sse('for-a-while')
  @RequireMfa({ maxAge: 300 })
  forAWhile(): object {
    return ticks();
  }

  @Sse('signed-in')
  @UseGuards(MfaSessionGuard)
  signedIn(): object {
    return ticks();
  }

  @Sse('asked')
  @UseGuards(AskingGuard)
  asked(): object {
    return ticks();
  }

  @Sse('open')
  open(): object {
    return ticks();
  }
}

/** What comes over a stream, until it is left. */
interface Stream {
  count: number;
  hasEnded: boolean;
  leave: () => void;
}

async function listen(client: Client, path: string): Promise<Stream> {
  const leaving = new AbortController();
  const stream: Stream = { count: 0, hasEnded: false, leave: () => leaving.abort() };
  const { body, status } = await client.fetch(client.url + path, { signal: leaving.signal });
  expect(status).toBe(200);
  const read = async () => {
    for await (const _ of body as ReadableStream<Uint8Array>) stream.count += 1;
    stream.hasEnded = true;
  };
  read().catch(() => undefined);
  await eventually('the first event', () => stream.count > 0);
  return stream;
}

/** Waits until so much has come that the stream was asked about again. */
async function goesOn(stream: Stream): Promise<void> {
  const { count } = stream;
  await eventually('more than a second of events', () => stream.hasEnded || stream.count > count + 60);
  expect(stream.hasEnded).toBe(false);
}

describe.each(Object.entries(PLATFORMS))('an open stream on %s', (_, create) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      create: create(),
      controllers: [TicksController],
      mfa: { session: { idleTtlSeconds: 600 } },
    });
  });
  afterAll(() => test.close());

  const endings: [string, (user: Enrolled) => Promise<unknown>][] = [
    ['signs out', ({ client }) => client.clone().delete('/mfa/session')],
    ['is signed out', ({ id }) => test.app.get(AuthenticationSessionService).revokeAll({ id })],
    ['is reset', ({ id }) => test.app.get(MfaAdminService).reset(id, 'Lost it')],
    ['is forgotten', ({ id }) => test.app.get(MfaService).forgetUser(id)],
    ['has not done anything for too long', () => Promise.resolve(test.clock.advance(601))],
  ];

  it.each(endings)('ends when its user %s', async (_what, end) => {
    const user = await enroll(test);
    const streams = [
      await listen(user.client, '/ticks/guarded'),
      await listen(user.client, '/ticks/signed-in'),
    ];
    const open = await listen(user.client, '/ticks/open');
    await end(user);
    await eventually('the streams have ended', () => streams.every(({ hasEnded }) => hasEnded));
    expect(open.hasEnded).toBe(false);
    open.leave();
  });

  it('ends when the proof has grown too old for its route', async () => {
    const { client } = await enroll(test);
    const [brief, long] = [
      await listen(client, '/ticks/for-a-while'),
      await listen(client, '/ticks/guarded'),
    ];
    test.clock.advance(301);
    await eventually('the stream has ended', () => brief.hasEnded);
    await goesOn(long);
    expect([brief.hasEnded, long.hasEnded]).toEqual([true, false]);
    long.leave();
  });

  it.each([
    ['guarded', 'our guard'],
    ['asked', 'a guard of the application’s that asks ours'],
  ])('goes on while its user may have it, and is no use of the session: %s, behind %s', async (path) => {
    const user = await enroll(test);
    const stream = await listen(user.client, `/ticks/${path}`);
    test.clock.advance(400);
    await goesOn(stream);
    test.clock.advance(201);
    await eventually('the stream has ended', () => stream.hasEnded);
    expect((await user.client.get('/me')).body.code).toBe('session_expired');
  });

  it('is no end of a session that is used besides', async () => {
    const user = await enroll(test);
    const stream = await listen(user.client, '/ticks/signed-in');
    test.clock.advance(400);
    expect((await user.client.get('/me')).status).toBe(200);
    test.clock.advance(400);
    await goesOn(stream);
    stream.leave();
    expect((await user.client.get('/me')).status).toBe(200);
  });
});
