import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Sse, UseGuards } from '@nestjs/common';
import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { MfaSessionGuard, RequireMfa } from 'nestjs-mfa';
import { concatMap, delay, of } from 'rxjs';
import { io } from 'socket.io-client';

import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll } from '../support/test-app.js';
import { headersOf, startTransportApp } from './support/transport-app.js';

@Resolver()
class TransferResolver {
  static done = 0;

  @Query(() => String)
  plain(): string {
    return 'plain';
  }

  @Query(() => String)
  @RequireMfa({ once: true })
  signature(): string {
    TransferResolver.done += 1;
    return 'signed';
  }

  @Mutation(() => String)
  @UseGuards(MfaSessionGuard)
  @RequireMfa({ once: true })
  transfer(): string {
    TransferResolver.done += 1;
    return 'done';
  }
}

@WebSocketGateway()
@RequireMfa()
class TransferGateway {
  @SubscribeMessage('transfer')
  @RequireMfa({ once: true })
  transfer(): object {
    return { event: 'answer', data: { done: true } };
  }
}

@Controller('ticks')
class TicksController {
  @Sse()
  @RequireMfa({ once: true })
  ticks(): object {
    return of('first', 'second').pipe(
      concatMap((data) => of({ data }).pipe(delay(data === 'first' ? 0 : 1300))),
    );
  }
}

describe('a proof that is spent', () => {
  let test: TestApp;
  beforeAll(async () => {
    const options: ApolloDriverConfig = { driver: ApolloDriver, autoSchemaFile: true };
    test = await startTransportApp({
      imports: [GraphQLModule.forRoot<ApolloDriverConfig>(options)],
      providers: [TransferResolver, TransferGateway],
      controllers: [TicksController],
    });
  });
  afterAll(() => test.close());

  const query = async (client: Client, text: string) => {
    const { body } = await client.post('/graphql', { query: text });
    const errors = (body.errors ?? []) as { extensions: { code: string } }[];
    return { data: body.data as unknown, codes: errors.map(({ extensions }) => extensions.code) };
  };

  it.each([
    ['fields side by side', 'query { one: signature two: signature three: signature }'],
    ['mutations one after the other', 'mutation { one: transfer two: transfer three: transfer }'],
  ])('lets one of several %s of one GraphQL request through', async (_, text) => {
    const { client } = await enroll(test);
    TransferResolver.done = 0;
    const { codes } = await query(client, text);
    expect(TransferResolver.done).toBe(1);
    expect(new Set(codes)).toEqual(new Set(['mfa_required']));
    expect((await query(client, 'mutation { transfer }')).codes).toEqual(['mfa_required']);
    expect((await query(client, '{ plain }')).data).toEqual({ plain: 'plain' });
  });

  it('opens one message of a connection, and another proof the next', async () => {
    const { client, secret } = await enroll(test);
    const connect = async () => {
      const socket = io(test.url, {
        extraHeaders: headersOf(client),
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
      });
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      const ask = () =>
        new Promise<{ done?: boolean; code?: string; needs?: object }>((resolve) => {
          socket.removeAllListeners();
          socket.once('answer', resolve);
          socket.once('exception', resolve);
          socket.emit('transfer', {});
        });
      return { ask, close: () => void socket.disconnect() };
    };
    const first = await connect();
    expect(await first.ask()).toEqual({ done: true });
    expect(await first.ask()).toMatchObject({ code: 'mfa_required', needs: { once: true } });
    first.close();
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    const second = await connect();
    expect(await second.ask()).toEqual({ done: true });
    second.close();
  });

  it('keeps a stream open that it has opened', async () => {
    const { client } = await enroll(test);
    const stream = await client.get('/ticks');
    expect(stream.text).toContain('data: first');
    expect(stream.text).toContain('data: second');
    expect((await client.get('/ticks')).body.code).toBe('mfa_required');
  });
});
