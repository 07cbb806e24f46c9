import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';

import { MfaException } from '../../libs/mfa/src/core/errors/mfa-exception.js';
import type { MfaUser } from '../../libs/mfa/src/core/users/mfa-user.js';
import type { FactorParts } from '../../libs/mfa/src/engine/factors/factor-parts.js';
import type { AuthenticationSession } from '../../libs/mfa/src/engine/rows/authentication-session.entity.js';
import { MfaRequest } from '../../libs/mfa/src/engine/rows/mfa-request.js';
import { MfaRequestService } from '../../libs/mfa/src/engine/sessions/mfa-request.service.js';
import { SessionTransport } from '../../libs/mfa/src/engine/sessions/session-transport.js';
import { MfaPolicyService } from '../../libs/mfa/src/guard/mfa-policy.service.js';
import { mountController } from '../../libs/mfa/src/http/mount-controller.js';
import { SWAGGER } from '../../libs/mfa/src/openapi/schema.js';
import { MFA_OPTIONS } from '../../libs/mfa/src/options/resolved-options.js';
import { MfaExceptionMapper } from '../../libs/mfa/src/refusals/mfa-exception-mapper.js';
import { MemoryLogger } from './memory-logger.js';

/** Who asks, and what they have proven. By default a user whose proof is recent. */
interface Asking {
  user?: MfaUser | null;
  session?: AuthenticationSession | null;
  /** What their proof is recent enough for. */
  recent?: readonly ('adding' | 'action')[];
}

/** A call of a collaborator: its class and method, and what it was given, as {@link noted} notes it. */
type Call = readonly [name: string, ...given: unknown[]];

interface FactorAnswer {
  status: number;
  body: unknown;
  cache: string | null;
  calls: Call[];
}

/** What the OpenAPI document says of a route: its heading, and the statuses of its success. */
interface Documented {
  tag: unknown;
  statuses: number[];
}

/** The routes of a factor on a listening server. What they call only notes its calls. */
export class FactorRoutes {
  private asking: Asking = {};
  private calls: Call[] = [];
  private app!: INestApplication;
  private url!: string;

  private constructor(private readonly parts: FactorParts) {}

  /** @param options the options that guards of the routes look at */
  static async serve(parts: FactorParts, options: object = {}): Promise<FactorRoutes> {
    const routes = new FactorRoutes(parts);
    const module = await Test.createTestingModule({
      controllers: parts.controllers.map(([at, controller]) => mountController(controller, at)),
      providers: [{ provide: MFA_OPTIONS, useValue: options }],
    })
      .useMocker((token) => routes.standInFor(token))
      .compile();
    const app = module.createNestApplication<NestExpressApplication>({
      logger: new MemoryLogger(),
      bodyParser: false,
    });
    // Takes any JSON, as Fastify does.
    app.useBodyParser('json', { strict: false });
    routes.app = app;
    await routes.app.listen(0, '127.0.0.1');
    routes.url = `http://127.0.0.1:${(routes.app.getHttpServer().address() as AddressInfo).port}`;
    return routes;
  }

  close(): Promise<void> {
    return this.app.close();
  }

  get(path: string, asking?: Asking): Promise<FactorAnswer> {
    return this.send('GET', path, undefined, asking);
  }

  post(path: string, body?: unknown, asking?: Asking): Promise<FactorAnswer> {
    return this.send('POST', path, body, asking);
  }

  /** What the document says of each route, by method and path. */
  documented(): Record<string, Documented> {
    return Object.fromEntries(
      this.parts.controllers.flatMap(([at, controller]) => {
        const [tag] = Reflect.getMetadata(SWAGGER.tags, controller) as unknown[];
        return methodsOf(controller).map((name) => {
          const handler = (controller.prototype as Record<string, object>)[name] as object;
          const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number];
          const path = `${at}/${Reflect.getMetadata(PATH_METADATA, handler) as string}`.replace(/\/+$/, '');
          const statuses = Object.keys(Reflect.getMetadata(SWAGGER.responses, handler) as object)
            .map(Number)
            .filter((status) => status < 300);
          return [`${method} ${path}`, { tag, statuses }];
        });
      }),
    );
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
    asking: Asking = { user: { id: 'ada' }, recent: ['adding', 'action'] },
  ): Promise<FactorAnswer> {
    this.asking = asking;
    this.calls = [];
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const cache = response.headers.get('cache-control');
    return { status: response.status, body: await response.json(), cache, calls: this.calls };
  }

  private standInFor(token: unknown): unknown {
    if (token === MfaRequestService) {
      return {
        resolveAny: (request: object, { response }: { response: object }) =>
          Promise.resolve(new MfaRequest(request, { response, ...this.asking })),
        noteUse: () => undefined,
      };
    }
    if (token === SessionTransport) return { isForgeable: () => false, usesHeader: () => true };
    if (token === MfaPolicyService) {
      return {
        assertRecent: (_: MfaRequest, purpose: 'adding' | 'action' = 'action') =>
          this.asking.recent?.includes(purpose)
            ? Promise.resolve()
            : Promise.reject(new MfaException('mfa_required')),
      };
    }
    if (token === MfaExceptionMapper)
      return new MfaExceptionMapper(
        { getErrorMessage: () => null } as never,
        { note: () => undefined } as never,
      );
    return this.noting(token);
  }

  /** Notes every call, and answers with who was called. */
  private noting(token: unknown): object {
    const { name } = token as Type;
    return Object.fromEntries(
      methodsOf(token as Type).map((method) => [
        method,
        (...given: unknown[]) => {
          this.calls.push([`${name}.${method}`, ...given.map(noted)]);
          return Promise.resolve({ by: `${name}.${method}` });
        },
      ]),
    );
  }
}

/**
 * Expects a route to be open to users whose proof is recent enough to add a factor, and to nobody else.
 *
 * @param status of its success
 */
export async function expectAddingOnly(
  routes: FactorRoutes,
  path: string,
  body: object,
  status: number,
): Promise<void> {
  const user = { id: 'ada' };
  await expect(routes.post(path, body, { user, recent: ['adding'] })).resolves.toMatchObject({ status });
  await expect(routes.post(path, body, { user, recent: ['action'] })).resolves.toMatchObject({
    status: 401,
    body: { code: 'mfa_required' },
    cache: 'no-store',
    calls: [],
  });
  await expect(routes.post(path, body, {})).resolves.toMatchObject({
    body: { code: 'unauthenticated' },
    calls: [],
  });
}

/** The methods of a class, without those that Nest calls. */
function methodsOf({ prototype }: Type): string[] {
  const names = Object.getOwnPropertyNames(prototype);
  return names.filter(
    (name) =>
      name !== 'constructor' && !/^(?:on|before)[A-Z].*(?:Init|Bootstrap|Destroy|Shutdown)$/.test(name),
  );
}

/** Values as they are, and instead of what belongs to the request, what it is. */
function noted(value: unknown): unknown {
  if (value instanceof MfaRequest) return { of: value.user?.id ?? null, session: value.session?.id ?? null };
  if (value instanceof IncomingMessage) return `request of ${value.url}`;
  if (value instanceof ServerResponse) return `response to ${value.req.url}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, noted(one)]));
}
