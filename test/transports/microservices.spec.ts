import type { Server } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExecutionContext, INestMicroservice } from '@nestjs/common';
import { Controller, Injectable } from '@nestjs/common';
import type { ClientProxy, Deserializer, MicroserviceOptions, ReadPacket } from '@nestjs/microservices';
import {
  ClientProxyFactory,
  ClientTCP,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { AuthenticationSession } from 'nestjs-mfa';
import { MfaException, MfaGuard, MfaSession, RequireMfa } from 'nestjs-mfa';
import { firstValueFrom } from 'rxjs';

import { freePort } from '../../tools/support/free-port.mjs';
import { MemoryLogger } from '../support/memory-logger.js';
import type { TestApp } from '../support/test-app.js';
import { enroll } from '../support/test-app.js';
import type { Told } from './support/expectations.js';
import { EXPECTATIONS } from './support/expectations.js';
import { moduleOf, startTransportApp } from './support/transport-app.js';

/** Where a message keeps its metadata: no message that comes over a wire can have it. */
const METADATA = Symbol('metadata');
interface Message {
  [METADATA]?: Record<string, unknown>;
}
interface Packet {
  pattern: string;
  data?: unknown;
  metadata?: Record<string, unknown>;
}

/** Keeps the metadata of a message with it, which Nest 11 shows to nobody. */
class KeepsMetadata implements Deserializer<Packet, Packet> {
  deserialize(packet: Packet): Packet {
    const { data, metadata } = packet;
    if (typeof data === 'object' && data !== null) Object.assign(data, { [METADATA]: metadata });
    return packet;
  }
}

/** Believes the metadata of messages: they come from the application's gateway, and from nobody else. */
@Injectable()
class GatewayMfaGuard extends MfaGuard {
  protected override getRequest(context: ExecutionContext): object {
    const token = context.switchToRpc().getData<Message | undefined>()?.[METADATA]?.['mfaSession'];
    if (typeof token !== 'string') throw new MfaException('unauthenticated');
    return { headers: { 'x-mfa-session': token } };
  }
}

@Controller()
class MessagesController {
  static events = 0;

  @MessagePattern('guarded')
  @RequireMfa({}, GatewayMfaGuard)
  guarded(@MfaSession() { userId }: AuthenticationSession): object {
    return { userId };
  }

  @MessagePattern('feed')
  @RequireMfa({ allowUnenrolled: true }, GatewayMfaGuard)
  feed(@MfaSession('userId') userId: string, @Payload() _data: unknown): object {
    return { userId };
  }

  @MessagePattern('default')
  @RequireMfa()
  byDefault(@Payload() _data: unknown): string {
    return 'passed';
  }

  @EventPattern('event')
  @RequireMfa()
  event(@Payload() _data: unknown): void {
    MessagesController.events += 1;
  }

  @EventPattern('open event')
  openEvent(@Payload() _data: unknown): void {
    MessagesController.events += 100;
  }

  @MessagePattern('failing')
  failing(@Payload() _data: unknown): never {
    throw new MfaException('not_found');
  }
}

/** A client that says this of every message. */
class ClientWithMetadata extends ClientTCP {
  constructor(
    port: number,
    private readonly metadata: Record<string, unknown>,
  ) {
    super({ host: '127.0.0.1', port });
  }

  protected override publish(packet: ReadPacket, callback: Parameters<ClientTCP['publish']>[1]): () => void {
    return super.publish(Object.assign(packet, { metadata: this.metadata }), callback);
  }
}

const FORGED = { user: { id: 'forged' }, headers: { 'x-mfa-session': 'x' } };

const send = (client: Pick<ClientProxy, 'send'>, pattern: string, data: unknown = FORGED): Promise<Told> =>
  firstValueFrom(client.send<Told, unknown>(pattern, data)).catch((error: unknown) => error as Told);

const tcp = (port: number): MicroserviceOptions => ({
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port, deserializer: new KeepsMetadata() },
});

const REFUSED = {
  status: 'error',
  statusCode: 401,
  error: 'Unauthorized',
  code: 'unauthenticated',
  message: 'You are not signed in.',
};

async function expectEventsRefused(client: ClientProxy): Promise<void> {
  MessagesController.events = 0;
  await firstValueFrom(client.emit('event', FORGED), { defaultValue: undefined });
  await firstValueFrom(client.emit('open event', FORGED), { defaultValue: undefined });
  // One connection delivers in order.
  expect(await send(client, 'default')).toEqual(REFUSED);
  expect(MessagesController.events).toBe(100);
}

describe.each([true, false])('a hybrid application with inheritAppConfig: %s', (inheritAppConfig) => {
  let test: TestApp;
  let port: number;
  let plain: ClientProxy;
  beforeAll(async () => {
    port = await freePort();
    test = await startTransportApp({
      controllers: [MessagesController],
      configure: async (app) => {
        app.connectMicroservice<MicroserviceOptions>(tcp(port), { inheritAppConfig });
        await app.startAllMicroservices();
      },
    });
    plain = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  });
  afterAll(async () => {
    await plain.close();
    await test.close();
  });

  it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
    expectIt({
      test,
      connect: ({ cookie, ...headers }) => {
        const mfaSession = headers['x-mfa-session'] ?? cookie?.split('=')[1];
        const client = new ClientWithMetadata(port, { mfaSession });
        return Promise.resolve({ ask: (handler) => send(client, handler), close: () => void client.close() });
      },
    }),
  );

  it('refuses messages whose guard knows of no request, whatever they say', async () => {
    const [token] = (await enroll(test)).client.cookies.values();
    const client = new ClientWithMetadata(port, { mfaSession: token, headers: { 'x-mfa-session': token } });
    expect(await send(client, 'default', { headers: { 'x-mfa-session': token } })).toEqual(REFUSED);
    expect(await send(plain, 'guarded', { mfaSession: token })).toEqual(REFUSED);
    client.close();
  });

  it('refuses events in silence', () => expectEventsRefused(plain));

  it('tells what handlers themselves refuse where the filters of the application are asked', async () => {
    expect(await send(plain, 'failing')).toMatchObject(
      inheritAppConfig
        ? { status: 'error', code: 'not_found', message: 'Not found.' }
        : { status: 'error', message: 'Internal server error' },
    );
  });
});

describe('a microservice', () => {
  let service: INestMicroservice;
  let client: ClientProxy;
  beforeAll(async () => {
    const logger = new MemoryLogger();
    const Root = moduleOf({ controllers: [MessagesController], mfa: { globalGuard: true } }, logger);
    const module = await Test.createTestingModule({ imports: [Root] }).compile();
    service = module.createNestMicroservice<object>({ ...tcp(0), logger });
    await service.listen();
    const { port } = service.unwrap<Server>().address() as { port: number };
    client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  });
  afterAll(async () => {
    await client.close();
    await service.close();
  });

  it('refuses by default', async () => {
    expect(await send(client, 'default')).toEqual(REFUSED);
    expect(await send(client, 'guarded')).toEqual(REFUSED);
  });

  it('refuses under the global guard what has no request', async () => {
    expect(await send(client, 'failing')).toEqual(REFUSED);
  });
});
