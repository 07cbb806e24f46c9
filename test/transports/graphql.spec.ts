import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UseGuards } from '@nestjs/common';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import {
  Context,
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { AuthenticationSession, MfaUser } from 'nestjs-mfa';
import { MfaException, MfaSession, MfaSessionGuard, RequireMfa } from 'nestjs-mfa';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import type { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';
import { enroll } from '../support/test-app.js';
import type { Handler, Told } from './support/expectations.js';
import { EXPECTATIONS } from './support/expectations.js';
import { headersOf, startTransportApp } from './support/transport-app.js';

@ObjectType()
class Profile {
  @Field()
  name!: string;
}

@Resolver(() => Profile)
class ProfileResolver {
  static calls = 0;

  @Query(() => String)
  @RequireMfa()
  guarded(@MfaSession() { userId }: AuthenticationSession): string {
    return userId;
  }

  @Query(() => String)
  @RequireMfa({ allowUnenrolled: true })
  feed(@MfaSession('userId') userId: string): string {
    return userId;
  }

  @Mutation(() => String)
  @RequireMfa()
  change(@MfaSession('userId') userId: string): string {
    ProfileResolver.calls += 1;
    return userId;
  }

  @Query(() => Profile)
  profile(): Profile {
    return { name: 'Ada' };
  }

  @ResolveField(() => String, { nullable: true })
  @RequireMfa()
  secret(@MfaSession('userId') userId: string): string {
    return userId;
  }

  @Query(() => String)
  @UseGuards(MfaSessionGuard)
  me(@Context('req') { user }: { user: MfaUser }): string {
    return String(user.id);
  }

  @Query(() => String)
  failing(): string {
    throw new MfaException('invalid_request', { message: ['one', 'two'] });
  }

  @Subscription(() => String, { resolve: (value: unknown) => value, name: 'guardedTicks' })
  @RequireMfa()
  guardedTicks(@MfaSession('userId') userId: string): AsyncIterable<string> {
    return ticks(userId);
  }

  @Subscription(() => String, { resolve: (value: unknown) => value, name: 'feedTicks' })
  @RequireMfa({ allowUnenrolled: true })
  feedTicks(@MfaSession('userId') userId: string): AsyncIterable<string> {
    return ticks(userId);
  }

  @Subscription(() => String, { resolve: (value: unknown) => value, name: 'endlessTicks' })
  @RequireMfa()
  endlessTicks(): AsyncIterable<string> {
    return endlessTicks();
  }

  @Subscription(() => String, { resolve: (value: unknown) => value, name: 'openTicks' })
  openTicks(): AsyncIterable<string> {
    return endlessTicks();
  }
}

async function* endlessTicks(): AsyncGenerator<string> {
  for (;;) yield* ticks('tick', 20);
}

async function* ticks(value: string, after = 1): AsyncGenerator<string> {
  await setTimeout(after);
  yield value;
}

/** A native client has no cookies; what it sends when it connects stands for the headers. */
const contextOf = (context: { connectionParams?: Record<string, unknown> }): object => {
  const token = context.connectionParams?.['x-mfa-session'];
  return typeof token === 'string' ? { req: { headers: { 'x-mfa-session': token } } } : {};
};

const options: ApolloDriverConfig = {
  driver: ApolloDriver,
  autoSchemaFile: true,
  fieldResolverEnhancers: ['guards'],
  subscriptions: { 'graphql-ws': true },
  // As in development, where Apollo shows stacks.
  includeStacktraceInErrorResponses: true,
};

let test: TestApp;
beforeAll(async () => {
  test = await startTransportApp({
    imports: [GraphQLModule.forRoot<ApolloDriverConfig>(options)],
    providers: [ProfileResolver],
  });
});
afterAll(() => test.close());

interface Result {
  data: Record<string, unknown> | null;
  errors?: { message: string; path: string[]; extensions: Record<string, unknown> }[];
}

const run = async (headers: Record<string, string>, query: string) => {
  const answer = await test.client(headers).post('/graphql', { query });
  return { ...answer, result: answer.body as Result };
};

const told = ({ data, errors: [error] = [] }: Pick<Result, 'errors' | 'data'>): Told =>
  error
    ? ({ ...error.extensions, message: error.message } as unknown as Told)
    : { userId: String(Object.values(data ?? {})[0]) };

describe('GraphQL over HTTP', () => {
  it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
    expectIt({
      test,
      connect: (headers) =>
        Promise.resolve({
          ask: async (handler) => told((await run(headers, `{ ${handler} }`)).result),
          close: () => undefined,
        }),
    }),
  );

  it('tells the code and nothing of the code behind it', async () => {
    const { result, headers } = await run({}, '{ guarded }');
    expect(result).toMatchObject({ data: null, errors: [{ path: ['guarded'] }] });
    expect(result.errors?.[0]?.extensions).toEqual({
      code: 'unauthenticated',
      statusCode: 401,
      stacktrace: [expect.not.stringMatching(/ at |\.ts/)],
    });
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(headers.get('cache-control')).toContain('no-store');
  });

  it('guards mutations and fields, and no more than these', async () => {
    const before = ProfileResolver.calls;
    expect(told((await run({}, 'mutation { change }')).result)).toMatchObject({ code: 'unauthenticated' });
    expect(ProfileResolver.calls).toBe(before);
    expect((await run({}, '{ profile { name secret } }')).result).toMatchObject({
      data: { profile: { name: 'Ada', secret: null } },
      errors: [{ path: ['profile', 'secret'], extensions: { code: 'unauthenticated' } }],
    });
    const { client, id } = await enroll(test);
    expect((await run(headersOf(client), '{ profile { secret } me }')).result).toEqual({
      data: { profile: { secret: id }, me: id },
    });
    expect(told((await run({}, '{ me }')).result)).toMatchObject({ code: 'unauthenticated' });
  });

  it('tells what resolvers themselves refuse in the same way', async () => {
    const { result } = await run({}, '{ failing }');
    expect(result.errors?.[0]).toMatchObject({
      message: 'one; two',
      extensions: { code: 'invalid_request', statusCode: 400 },
    });
  });
});

/** Subscribes on a connection of its own, and answers what comes first. */
const subscribe = (connection: ReturnType<typeof createClient>, handler: Handler): Promise<Told> =>
  new Promise((resolve, reject) => {
    connection.subscribe<Record<string, unknown>>(
      { query: `subscription { ${handler}Ticks }` },
      {
        next: (result) => resolve(told(result as unknown as Result)),
        error: (error) =>
          Array.isArray(error)
            ? resolve(told({ data: null, errors: error as NonNullable<Result['errors']> }))
            : reject(error instanceof Error ? error : new Error('closed')),
        complete: () => undefined,
      },
    );
  });

/** Subscribes, and counts what comes until it ends. */
async function listen(connection: ReturnType<typeof createClient>, name: string) {
  const stream = { count: 0, hasEnded: false };
  connection.subscribe(
    { query: `subscription { ${name} }` },
    {
      next: () => (stream.count += 1),
      error: () => undefined,
      complete: () => (stream.hasEnded = true),
    },
  );
  await eventually('the first tick', () => stream.count > 0);
  return stream;
}

describe('GraphQL subscriptions', () => {
  const connect = (headers: Record<string, string>, connectionParams?: Record<string, unknown>) => {
    const connection = createClient({
      url: `${test.url.replace('http', 'ws')}/graphql`,
      retryAttempts: 0,
      lazy: true,
      lazyCloseTimeout: 500,
      ...(connectionParams ? { connectionParams } : {}),
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols, { headers });
        }
      },
    });
    return {
      ask: (handler: Handler) => subscribe(connection, handler),
      listen: (name: string) => listen(connection, name),
      close: () => void connection.dispose(),
    };
  };

  describe('with the headers of the upgrade request', () => {
    it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
      expectIt({ test, connect: (headers) => Promise.resolve(connect(headers)) }),
    );

    it('end while they deliver, once the session has ended, and no sooner', async () => {
      const { client } = await enroll(test);
      const connection = connect(headersOf(client));
      const [guarded, open] = [await connection.listen('endlessTicks'), await connection.listen('openTicks')];
      await eventually('more than a second of ticks', () => guarded.hasEnded || guarded.count > 60);
      expect(guarded.hasEnded).toBe(false);
      await client.clone().delete('/mfa/session');
      await eventually('the subscription has ended', () => guarded.hasEnded);
      expect(open.hasEnded).toBe(false);
      connection.close();
    });

    it('believe nothing that a client says when it connects', async () => {
      const { client } = await enroll(test);
      const [token] = client.cookies.values();
      const connection = connect(
        {},
        { 'x-mfa-session': token, headers: { 'x-mfa-session': token }, user: { id: 'forged' } },
      );
      expect(await connection.ask('guarded')).toMatchObject({ code: 'unauthenticated' });
      connection.close();
    });
  });

  describe('with a token that the application takes from the connection', () => {
    let own: TestApp;
    beforeAll(async () => {
      own = test;
      test = await startTransportApp({
        imports: [GraphQLModule.forRoot<ApolloDriverConfig>({ ...options, context: contextOf })],
        providers: [ProfileResolver],
      });
    });
    afterAll(async () => {
      await test.close();
      test = own;
    });

    it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
      expectIt({
        test,
        connect: ({ cookie = '', ...headers }) =>
          Promise.resolve(
            connect({}, { 'x-mfa-session': headers['x-mfa-session'] ?? (cookie.split('=')[1] || undefined) }),
          ),
      }),
    );
  });
});
