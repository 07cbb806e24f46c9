import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UseFilters, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import {
  AuthenticationSession,
  AuthenticationSessionService,
  MfaException,
  MfaExceptionFilter,
  MfaPolicyService,
  MfaSession,
  MfaSessionGuard,
  RequireMfa,
} from 'nestjs-mfa';
import { interval, map } from 'rxjs';
import type { Server, Socket } from 'socket.io';
import { io } from 'socket.io-client';
import WebSocket from 'ws';

import { UsersService } from '../fit/support/users.js';
import type { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';
import { codeOf, enroll, newUserId, users } from '../support/test-app.js';
import type { Connection, Told } from './support/expectations.js';
import { EXPECTATIONS } from './support/expectations.js';
import { headersOf, startTransportApp } from './support/transport-app.js';

class Handlers {
  @SubscribeMessage('guarded')
  @RequireMfa()
  guarded(@MfaSession() { userId }: AuthenticationSession): object {
    return { event: 'answer', data: { userId } };
  }

  @SubscribeMessage('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(@MfaSession('userId') userId: string, @MessageBody() _body: unknown): object {
    return { event: 'answer', data: { userId } };
  }

  @SubscribeMessage('me')
  @UseGuards(MfaSessionGuard)
  @UseFilters(MfaExceptionFilter)
  me(@MfaSession('userId') userId: string): object {
    return { event: 'answer', data: { userId } };
  }

  @SubscribeMessage('endless')
  @RequireMfa()
  endless(): object {
    return interval(20).pipe(map((data) => ({ event: 'tick', data })));
  }

  @SubscribeMessage('failing')
  @UseFilters(MfaExceptionFilter)
  failing(): never {
    throw new MfaException('not_found');
  }
}

@WebSocketGateway()
class SocketIoGateway extends Handlers {}

@WebSocketGateway({ path: '/plain' })
class PlainGateway extends Handlers {
  /** A plain WebSocket keeps nothing of the request that opened it. */
  handleConnection(client: object, request: IncomingMessage): void {
    Object.assign(client, { handshake: request });
  }
}

@WebSocketGateway({ path: '/forgetful' })
class ForgetfulGateway extends Handlers {}

/** Asks a handler of whatever name. */
interface OpenConnection extends Connection {
  ask: (handler: string, body?: unknown) => Promise<Told>;
}

const FORGED = { user: { id: 'forged' }, headers: { cookie: 'mfa_session=x' }, handshake: { headers: {} } };

async function connectSocketIo(
  test: TestApp,
  headers: Record<string, string>,
  auth: object = {},
): Promise<OpenConnection> {
  const socket = io(test.url, {
    extraHeaders: headers,
    auth,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    ask: (handler, body = {}) =>
      new Promise((resolve) => {
        const answer = (told: Told): void => {
          socket.removeAllListeners();
          resolve(told);
        };
        socket.once('answer', answer);
        socket.once('exception', answer);
        socket.emit(handler, body);
      }),
    close: () => void socket.disconnect(),
  };
}

async function connectPlain(
  test: TestApp,
  headers: Record<string, string>,
  path = '/plain',
): Promise<OpenConnection> {
  const socket = new WebSocket(test.url.replace('http', 'ws') + path, { headers });
  await once(socket, 'open');
  return {
    ask: async (event, data = {}) => {
      socket.send(JSON.stringify({ event, data }));
      const [text] = (await once(socket, 'message')) as [Buffer];
      const answer = JSON.parse(text.toString()) as { event: string; data: Told };
      expect(['answer', 'exception']).toContain(answer.event);
      return answer.data;
    },
    close: () => socket.close(),
  };
}

function itTellsRefusals(
  test: () => TestApp,
  connect: (headers: Record<string, string>) => Promise<OpenConnection>,
): void {
  it('tells a refusal with the message that it belongs to, and nothing else', async () => {
    const connection = await connect({});
    expect(await connection.ask('guarded', FORGED)).toEqual({
      status: 'error',
      statusCode: 401,
      error: 'Unauthorized',
      code: 'unauthenticated',
      message: 'You are not signed in.',
      cause: { pattern: 'guarded' },
    });
    connection.close();
  });

  it('signs in by the session alone, for as long as it lives', async () => {
    const { client, id } = await enroll(test());
    const connection = await connect(headersOf(client));
    expect(await connection.ask('me')).toEqual({ userId: id });
    await client.clone().delete('/mfa/session');
    expect(await connection.ask('me')).toMatchObject({ code: 'session_expired' });
    // Nobody is left behind that another handler would believe in.
    expect(await connection.ask('feed')).toMatchObject({ code: 'unauthenticated' });
    connection.close();
  });

  it('keeps the token of its handshake, which a step-up replaces', async () => {
    const user = await enroll(test());
    const connection = await connect(headersOf(user.client));
    expect(await connection.ask('me')).toEqual({ userId: user.id });
    test().clock.advance(30);
    await user.client.post('/mfa/authenticate', { code: codeOf(user.secret, test().clock) });
    expect(await connection.ask('me')).toMatchObject({ code: 'session_expired' });
    connection.close();
    const again = await connect(headersOf(user.client));
    expect(await again.ask('me')).toEqual({ userId: user.id });
    again.close();
  });

  it('tells what handlers themselves refuse where the filter is named', async () => {
    const connection = await connect({});
    expect(await connection.ask('failing')).toMatchObject({ code: 'not_found', message: 'Not found.' });
    connection.close();
  });
}

describe('socket.io', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({ providers: [SocketIoGateway] });
  });
  afterAll(() => test.close());

  it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
    expectIt({ test, connect: (headers) => connectSocketIo(test, headers) }),
  );
  itTellsRefusals(
    () => test,
    (headers) => connectSocketIo(test, headers),
  );

  it('believes nothing that a client says when it connects', async () => {
    const { client } = await enroll(test);
    const [token] = client.cookies.values();
    const connection = await connectSocketIo(
      test,
      {},
      { ...FORGED, headers: { 'x-mfa-session': token }, 'x-mfa-session': token },
    );
    expect(await connection.ask('guarded', FORGED)).toMatchObject({ code: 'unauthenticated' });
    connection.close();
  });
});

@WebSocketGateway()
@UseFilters(MfaExceptionFilter)
class OpenGateway {
  @SubscribeMessage('open')
  open(): object {
    return { event: 'answer', data: { userId: 'anybody' } };
  }
}

describe('gateways under the global guard', () => {
  it('refuse users who must have a second factor and have none', async () => {
    const test = await startTransportApp({
      providers: [OpenGateway],
      mfa: { globalGuard: true, requiredForStaff: true },
    });
    const staff = test.client();
    await staff.post('/login', { id: newUserId(), isStaff: true });
    const other = test.client();
    await other.post('/login', { id: newUserId() });
    const answers = [];
    for (const client of [staff, other]) {
      const connection = await connectSocketIo(test, headersOf(client));
      answers.push(await connection.ask('open'));
      connection.close();
    }
    expect(answers).toEqual([
      expect.objectContaining({ code: 'mfa_enrollment_required', methods: ['totp'] }),
      { userId: 'anybody' },
    ]);
    await test.close();
  });
});

@WebSocketGateway()
class ReportsGateway {
  @WebSocketServer()
  private readonly server!: Server;

  constructor(
    private readonly policy: MfaPolicyService,
    private readonly sessions: AuthenticationSessionService,
    private readonly users: UsersService,
  ) {}

  /** Keeps with the connection whose session it belongs to. */
  @SubscribeMessage('subscribe')
  @RequireMfa()
  subscribe(@ConnectedSocket() client: Socket, @MfaSession() session: AuthenticationSession): void {
    Object.assign(client.data as object, { userId: session.userId, sessionId: session.id });
    void client.join('reports');
  }

  /** Instead of `server.emit`: sends to those who may still read it, and disconnects the others. */
  async push(report: object): Promise<void> {
    for (const client of await this.server.in('reports').fetchSockets()) {
      const { userId, sessionId } = client.data as { userId: string; sessionId: string };
      const sessions = await this.sessions.list({ id: userId });
      const session = sessions.find(({ id }) => id === sessionId) ?? null;
      const { allow } = await this.policy.check(this.users.find(userId), session, { maxAge: 3600 });
      if (allow) client.emit('report', report);
      else client.disconnect(true);
    }
  }
}

describe('what the server sends of its own accord', () => {
  let test: TestApp;
  beforeAll(async () => {
    const find = (id: string) => users.get(id) ?? null;
    test = await startTransportApp({
      providers: [ReportsGateway, { provide: UsersService, useValue: { find } }],
    });
  });
  afterAll(() => test.close());

  it('reaches those who may still read it, and the other connections are closed', async () => {
    const gateway = test.app.get(ReportsGateway);
    const people = [await enroll(test), await enroll(test), await enroll(test)];
    const [stays, leaves, disabled] = people;
    const sockets = people.map(({ client }) =>
      io(test.url, {
        extraHeaders: headersOf(client),
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
      }),
    );
    const got = [0, 0, 0];
    for (const [number, socket] of sockets.entries()) {
      socket.on('report', () => (got[number] = (got[number] ?? 0) + 1));
      socket.emit('subscribe');
    }
    await eventually('everybody gets it', async () => {
      await gateway.push({});
      return got.every((count) => count > 0);
    });
    test.clock.advance(30);
    // A step-up changes the token, and not the session.
    await stays?.client.post('/mfa/authenticate', { code: codeOf(stays.secret, test.clock) });
    await leaves?.client.clone().delete('/mfa/session');
    users.delete(disabled?.id ?? '');
    const before = [...got];
    await gateway.push({});
    await eventually(
      'the others are closed',
      () => sockets.filter(({ connected }) => connected).length === 1,
    );
    await eventually('one gets it', () => got[0] === (before[0] ?? 0) + 1);
    expect([got[1], got[2]]).toEqual([before[1], before[2]]);
    test.clock.advance(3601);
    await gateway.push({});
    await eventually('a proof that is too old', () => !sockets[0]?.connected);
  });
});

describe('plain WebSockets', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      providers: [PlainGateway, ForgetfulGateway],
      configure: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
    });
  });
  afterAll(() => test.close());

  it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
    expectIt({ test, connect: (headers) => connectPlain(test, headers) }),
  );
  itTellsRefusals(
    () => test,
    (headers) => connectPlain(test, headers),
  );

  it('deliver the answers of one message for as long as its session lives', async () => {
    const { client } = await enroll(test);
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/plain`, { headers: headersOf(client) });
    await once(socket, 'open');
    let count = 0;
    socket.on('message', () => (count += 1));
    socket.send(JSON.stringify({ event: 'endless', data: {} }));
    await eventually('more than a second of answers', () => count > 60);

    await client.clone().delete('/mfa/session');
    await eventually('no more answers', async () => {
      const before = count;
      await setTimeout(200);
      return count === before;
    });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  it('refuses everybody where the application keeps no handshake', async () => {
    const { client } = await enroll(test);
    const connection = await connectPlain(test, headersOf(client), '/forgetful');
    expect(await connection.ask('guarded', FORGED)).toMatchObject({ code: 'unauthenticated' });
    connection.close();
  });
});
