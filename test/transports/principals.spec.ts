import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import { Context, Field, GraphQLModule, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { ClientProxy, MicroserviceOptions } from '@nestjs/microservices';
import { ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { MfaGuard, MfaSessionGuard, RequireMfa } from 'nestjs-mfa';
import { firstValueFrom } from 'rxjs';
import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';

import { freePort } from '../../tools/support/free-port.mjs';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { enroll, newUserId } from '../support/test-app.js';
import { headersOf, startTransportApp } from './support/transport-app.js';

interface Request {
  headers: Record<string, string | undefined>;
  user?: { id: string };
}

function signInByToken(request: Request): boolean {
  const id = request.headers['x-token'];
  if (id) request.user = { id };
  return true;
}

/** The application's own sign-in, in whatever carries the headers. */
@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return signInByToken(context.getArgByIndex<{ req: Request }>(2).req);
  }
}

@Injectable()
class SocketTokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return signInByToken(context.switchToWs().getClient<{ handshake: Request }>().handshake);
  }
}

interface Message extends Request {
  session: string;
}

@Injectable()
class MessageTokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return signInByToken(context.switchToRpc().getData<Message>());
  }
}

/** Trusts what messages say, and makes the request of it anew each time. */
@Injectable()
class MessageMfaGuard extends MfaGuard {
  protected override getRequest(context: ExecutionContext): object {
    const { session, user } = context.switchToRpc().getData<Message>();
    return { headers: { 'x-mfa-session': session }, ...(user ? { user } : {}) };
  }
}

@ObjectType()
class Item {
  @Field()
  name!: string;
}

const nameOf = ({ user }: Request): string => user?.id ?? 'nobody';

@Resolver(() => Item)
class ItemResolver {
  @Query(() => String)
  @RequireMfa()
  @UseGuards(TokenGuard)
  tokenBelow(@Context('req') request: Request): string {
    return nameOf(request);
  }

  @Query(() => String)
  @UseGuards(TokenGuard)
  @RequireMfa()
  tokenAbove(@Context('req') request: Request): string {
    return nameOf(request);
  }

  @Query(() => Item)
  item(): Item {
    return { name: 'an item' };
  }

  @Query(() => [Item])
  items(): Item[] {
    return Array.from({ length: 50 }, (_, index) => ({ name: `item ${index}` }));
  }

  // Nest runs nothing but guards before fields here.
  @ResolveField(() => String, { nullable: true })
  @UseGuards(TokenGuard)
  @RequireMfa()
  fieldTokenAbove(@Context('req') request: Request): string {
    return nameOf(request);
  }

  @ResolveField(() => String, { nullable: true })
  @RequireMfa()
  secret(): string {
    return 'secret';
  }

  @Query(() => String)
  @RequireMfa()
  guarded(): string {
    return 'guarded';
  }

  /** Takes longer than a stream goes on without a question. */
  @Query(() => String)
  @RequireMfa()
  async slow(): Promise<string> {
    await setTimeout(1100);
    return 'slow';
  }

  @Query(() => String)
  @RequireMfa({ maxAge: 200 })
  other(): string {
    return 'other';
  }

  @Query(() => String)
  @UseGuards(MfaSessionGuard)
  me(): string {
    return 'me';
  }
}

/** As above, where our guard stands on the class. */
@Resolver()
@RequireMfa()
class GuardedResolver {
  @Query(() => String)
  @UseGuards(TokenGuard)
  onClass(@Context('req') request: Request): string {
    return nameOf(request);
  }
}

interface Result {
  data: Record<string, unknown> | null;
  errors?: { extensions: { code: string } }[];
}

describe('GraphQL', () => {
  let test: TestApp;
  let thief: Enrolled;
  let victim: Enrolled;
  beforeAll(async () => {
    test = await startTransportApp({
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          fieldResolverEnhancers: ['guards'],
        }),
      ],
      providers: [ItemResolver, GuardedResolver],
      mfa: { enrollmentGracePeriodSeconds: 1000 },
    });
    thief = await enroll(test);
    victim = await enroll(test);
    test.clock.advance(-60);
  });
  afterAll(() => test.close());

  const run = async (headers: Record<string, string>, query: string): Promise<Result> =>
    (await test.client(headers).post('/graphql', { query })).body as Result;

  it.each([
    ['tokenBelow', '{ tokenBelow }'],
    ['tokenAbove', '{ tokenAbove }'],
    ['onClass', '{ onClass }'],
    ['fieldTokenAbove', '{ item { fieldTokenAbove } }'],
    ['all of them at once', '{ a: onClass b: tokenBelow c: tokenAbove item { fieldTokenAbove } d: onClass }'],
  ])('judges whom the resolver sees: %s', async (_, query) => {
    const mixed = await run({ ...headersOf(thief.client), 'x-token': victim.id }, query);
    expect(JSON.stringify(mixed.data ?? {})).not.toContain(victim.id);
    expect(new Set(mixed.errors?.map(({ extensions }) => extensions.code))).toEqual(
      new Set(['mfa_required']),
    );
    const honest = await run({ ...headersOf(victim.client), 'x-token': victim.id }, query);
    expect(honest.errors).toBeUndefined();
    expect(JSON.stringify(honest.data)).toContain(victim.id);
  });

  const aliases = (field: string, count: number) =>
    Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(' ');

  it.each([
    ['one field under many names', () => `{ ${aliases('guarded', 500)} }`, 1],
    ['a field of many objects', () => '{ items { secret } }', 1],
    ['many fields', () => `{ ${aliases('guarded', 100)} b: me c: other items { secret } }`, 1],
    ['many sign-ins', () => `{ ${aliases('me', 300)} }`, 1],
    ['a slow field under many names', () => `{ ${aliases('slow', 20)} }`, 1],
  ])('reads the session once for %s', async (_, query, count) => {
    const statements = await test.logger.statementsOf(async () => {
      expect((await run(headersOf(thief.client), query())).errors).toBeUndefined();
    });
    expect(statements).toHaveLength(count);
  });

  it('asks no more for those who are refused, or in their grace period', async () => {
    const query = `{ ${aliases('guarded', 300)} ${aliases('me', 5).replaceAll('a', 'b')} }`;
    const stranger = { 'x-mfa-session': 'A'.repeat(43) };
    expect(await test.logger.statementsOf(() => run(stranger, query))).toHaveLength(1);
    const newcomer = test.client();
    await newcomer.post('/login', { id: newUserId() });
    const statements = await test.logger.statementsOf(async () => {
      expect((await run(headersOf(newcomer), query)).errors).toBeUndefined();
    });
    expect(statements.length).toBeLessThan(5);
  });

  it('reads it anew for the next request', async () => {
    const user = await enroll(test);
    test.clock.advance(-60);
    expect((await run(headersOf(user.client), '{ guarded }')).errors).toBeUndefined();
    await user.client.clone().delete('/mfa/session');
    expect((await run(headersOf(user.client), '{ guarded }')).errors?.[0]?.extensions.code).toBe(
      'unauthenticated',
    );
  });
});

@WebSocketGateway()
class TokenGateway {
  @SubscribeMessage('token-below')
  @RequireMfa()
  @UseGuards(SocketTokenGuard)
  tokenBelow(@ConnectedSocket() { handshake }: { handshake: Request }): object {
    return { event: 'answer', data: { user: nameOf(handshake) } };
  }

  @SubscribeMessage('token-above')
  @UseGuards(SocketTokenGuard)
  @RequireMfa()
  tokenAbove(@ConnectedSocket() { handshake }: { handshake: Request }): object {
    return { event: 'answer', data: { user: nameOf(handshake) } };
  }

  @SubscribeMessage('many')
  @RequireMfa({ maxAge: 200 })
  @UseGuards(MfaSessionGuard, MfaGuard)
  many(): object {
    return { event: 'answer', data: {} };
  }
}

function ask(socket: Socket, event: string): Promise<{ user?: string; code?: string }> {
  return new Promise((resolve) => {
    for (const name of ['answer', 'exception']) socket.once(name, resolve);
    socket.emit(event, {});
  });
}

describe('WebSockets', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({ providers: [TokenGateway] });
  });
  afterAll(() => test.close());

  const connect = async (extraHeaders: Record<string, string>): Promise<Socket> => {
    const socket = io(test.url, {
      extraHeaders,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
    });
    await new Promise<void>((resolve) => void socket.once('connect', resolve));
    return socket;
  };

  it.each(['token-below', 'token-above'])('judge whom the handler sees: %s', async (event) => {
    const thief = await enroll(test);
    const victim = await enroll(test);
    test.clock.advance(-60);
    const mixed = await connect({ ...headersOf(thief.client), 'x-token': victim.id });
    expect((await ask(mixed, event)).code).toBe('mfa_required');
    const honest = await connect({ ...headersOf(victim.client), 'x-token': victim.id });
    expect((await ask(honest, event)).user).toBe(victim.id);
    mixed.disconnect();
    honest.disconnect();
  });

  it('read the session once for each message', async () => {
    const { client } = await enroll(test);
    const socket = await connect(headersOf(client));
    for (let message = 0; message < 2; message++) {
      expect(
        await test.logger.statementsOf(async () => {
          expect((await ask(socket, 'many')).code).toBeUndefined();
        }),
      ).toHaveLength(1);
    }
    await client.clone().delete('/mfa/session');
    expect((await ask(socket, 'many')).code).toBe('session_expired');
    socket.disconnect();
  });
});

@Controller()
class MessagesController {
  @MessagePattern('token-below')
  @RequireMfa({}, MessageMfaGuard)
  @UseGuards(MessageTokenGuard)
  tokenBelow(@Payload() message: Message): object {
    return { user: nameOf(message) };
  }

  @MessagePattern('token-above')
  @UseGuards(MessageTokenGuard)
  @RequireMfa({}, MessageMfaGuard)
  tokenAbove(@Payload() message: Message): object {
    return { user: nameOf(message) };
  }
}

describe('microservices', () => {
  let test: TestApp;
  let client: ClientProxy;
  beforeAll(async () => {
    const port = await freePort();
    test = await startTransportApp({
      controllers: [MessagesController],
      configure: async (app) => {
        app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options: { port } });
        await app.startAllMicroservices();
      },
    });
    client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port } });
  });
  afterAll(async () => {
    await client.close();
    await test.close();
  });

  it.each(['token-below', 'token-above'])('judge whom the handler sees: %s', async (pattern) => {
    const thief = await enroll(test);
    const victim = await enroll(test);
    test.clock.advance(-60);
    const send = ({ client: { cookies } }: Enrolled, token: string) => {
      const [session = ''] = cookies.values();
      const message = { session, headers: { 'x-token': token } };
      return firstValueFrom(client.send<object>(pattern, message)).catch((error: unknown) => error);
    };
    expect(await send(thief, victim.id)).toMatchObject({ code: 'mfa_required' });
    expect(await send(victim, victim.id)).toEqual({ user: victim.id });
    expect(await test.logger.statementsOf(() => send(victim, victim.id))).toHaveLength(1);
  });
});
