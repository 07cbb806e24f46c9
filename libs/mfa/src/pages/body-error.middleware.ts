import type { ArgumentsHost, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import { PageExceptionFilter } from './render/page-exception.filter.js';
import type { HttpResponse } from '../core/web/http-message.js';
import { hasBody } from '../core/web/http-message.js';
import { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import type { RouteKind } from '../refusals/own-routes.js';
import { OwnRoutes } from '../refusals/own-routes.js';

type ExpressNext = (error?: unknown) => void;
type ExpressRequest = { url: string };
type ExpressResponse = HttpResponse & { status(code: number): { json(body: unknown): void } };

type FastifyRequest = { raw: { headers: Record<string, unknown> } };
type FastifyReply = HttpResponse & { code(status: number): unknown };
type FastifyErrorHandler = (error: unknown, request: object, reply: FastifyReply) => Promise<unknown>;
type FastifyHook = (request: FastifyRequest, reply: object, done: () => void) => void;
type FastifyRoute = {
  url: string;
  errorHandler?: FastifyErrorHandler;
  onRequest?: FastifyHook | FastifyHook[];
};
type FastifyInstance = { addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): unknown };

/**
 * Answers bodies that Express or Fastify could not even read (no JSON, too large; with Express also a broken escape in the
 * path) under our code, or with a page. They never reach a handler, so no filter of a route sees them.
 */
@Injectable()
export class BodyErrorMiddleware implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(OwnRoutes) private readonly routes: OwnRoutes,
    @Optional() @Inject(PageExceptionFilter) private readonly pages: PageExceptionFilter | null,
  ) {
    // Fastify asks a hook for every route that is added, which Nest does before it calls `onModuleInit`; in a testing module
    // the adapter comes only after this.
    this.adapterHost.init$.subscribe(() => {
      if (this.adapter?.getType() === 'fastify') this.prepareFastify();
    });
  }

  onModuleInit(): void {
    // Express asks for errors those that were added after the routes.
    if (this.adapter?.getType() === 'express') this.handleExpressErrors();
  }

  /** Absent in applications without HTTP. */
  private get adapter(): HttpAdapterHost['httpAdapter'] | undefined {
    return this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
  }

  private handleExpressErrors(): void {
    // Express knows a handler of errors by its four parameters.
    this.adapter?.use(
      (error: unknown, request: ExpressRequest, response: ExpressResponse, next: ExpressNext) => {
        const kind = this.routes.kindOf(request.url.split('?')[0] as string);
        if (!kind || !isUnreadable(error)) return next(error);
        this.answer(kind, request, response).then((body) => body && response.status(400).json(body), next);
      },
    );
  }

  private prepareFastify(): void {
    this.adapter?.getInstance<FastifyInstance>().addHook('onRoute', (route) => {
      const kind = this.routes.kindOf(route.url);
      if (!kind) return;
      route.errorHandler ??= async (error, request, reply) => {
        // What is thrown here goes on to the application's own handler.
        if (!isUnreadable(error)) throw error;
        const body = await this.answer(kind, request, reply);
        if (!body) return reply;
        reply.code(400);
        return body;
      };
      if (kind === 'json') route.onRequest = [forgetTypeOfNothing, ...[route.onRequest ?? []].flat()];
    });
  }

  /** The body of the answer; null when a page has been sent. */
  private async answer(kind: RouteKind, request: object, response: HttpResponse): Promise<object | null> {
    if (kind === 'page' && this.pages) {
      await this.pages.catch(new MfaException('invalid_request'), hostOf(request, response));
      return null;
    }
    const exception = await this.mapper.present(unreadable(), request, response);
    return (exception as MfaException).getResponse() as object;
  }
}

/** Fastify parses what is not there when it has a type, and so refuses an empty body that is called JSON. */
const forgetTypeOfNothing: FastifyHook = (request, _reply, done) => {
  if (!hasBody(request)) delete request.raw.headers['content-type'];
  done();
};

function hostOf(request: object, response: object): ArgumentsHost {
  const http = { getRequest: () => request, getResponse: () => response };
  return { getType: () => 'http', switchToHttp: () => http } as unknown as ArgumentsHost;
}

/** What it means that a body can't be read: anything else is said by somebody else, as by a limit of the application's. */
const UNREADABLE: readonly unknown[] = [400, 413, 415];

/** Express's errors have a `status`, Fastify's a `statusCode`. */
function isUnreadable(error: unknown): boolean {
  const { status, statusCode = status } = error as { status?: unknown; statusCode?: unknown };
  return UNREADABLE.includes(statusCode);
}

function unreadable(): MfaException {
  return new MfaException('invalid_request', {
    message: ['The request could not be read: too large, or no valid JSON'],
  });
}
