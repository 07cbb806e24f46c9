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
type ExpressRequest = { url: string; headers: Record<string, unknown> };
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
 * Answers requests whose body Express or Fastify couldn't even read (invalid JSON, too large; with Express also an invalid escape in the
 * path) with the module's own error code, or with a page. They never reach a handler, so a route's filters don't see them.
 */
@Injectable()
export class BodyErrorMiddleware implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(OwnRoutes) private readonly routes: OwnRoutes,
    @Optional() @Inject(PageExceptionFilter) private readonly pages: PageExceptionFilter | null,
  ) {
    // Fastify calls a hook for every route that is added, and Express the middleware in the order in which it was added. Nest adds both the
    // routes and the parsers of bodies before `onModuleInit`. In a testing module the adapter only exists after this constructor.
    this.adapterHost.init$.subscribe(() => {
      if (this.adapter?.getType() === 'fastify') this.prepareFastify();
      if (this.adapter?.getType() === 'express') this.prepareExpress();
    });
  }

  onModuleInit(): void {
    // Express passes errors to handlers that were added after the routes.
    if (this.adapter?.getType() === 'express') this.handleExpressErrors();
  }

  /** Absent in applications without HTTP. */
  private get adapter(): HttpAdapterHost['httpAdapter'] | undefined {
    return this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
  }

  private prepareExpress(): void {
    this.adapter?.use((request: ExpressRequest, _response: ExpressResponse, next: ExpressNext) => {
      if (namesTypeOfNothing(request) && this.kindOf(request) === 'json') forgetType(request);
      next();
    });
  }

  private kindOf({ url }: ExpressRequest): RouteKind | undefined {
    return this.routes.kindOf(url.split('?')[0] as string);
  }

  private handleExpressErrors(): void {
    // Express recognizes an error handler by its four parameters.
    this.adapter?.use(
      (error: unknown, request: ExpressRequest, response: ExpressResponse, next: ExpressNext) => {
        const kind = this.kindOf(request);
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
        // Passes the error on to the application's own handler.
        if (!isUnreadable(error)) throw error;
        const body = await this.answer(kind, request, reply);
        if (!body) return reply;
        reply.code(400);
        return body;
      };
      if (kind === 'json') route.onRequest = [forgetTypeOfNothing, ...[route.onRequest ?? []].flat()];
    });
  }

  /** The body of the response; null if a page was sent. */
  private async answer(kind: RouteKind, request: object, response: HttpResponse): Promise<object | null> {
    if (kind === 'page' && this.pages) {
      await this.pages.catch(new MfaException('invalid_request'), hostOf(request, response));
      return null;
    }
    const exception = await this.mapper.present(unreadable(), request, response);
    return (exception as MfaException).getResponse() as object;
  }
}

/**
 * Both frameworks parse even a missing body if it has a content type. Fastify refuses an empty body declared as JSON, and Express one in
 * a charset that it doesn't know.
 */
const forgetTypeOfNothing: FastifyHook = (request, _reply, done) => {
  if (namesTypeOfNothing(request.raw)) forgetType(request.raw);
  done();
};

function namesTypeOfNothing(request: { headers: Record<string, unknown> }): boolean {
  return 'content-type' in request.headers && !hasBody(request);
}

function forgetType(request: { headers: Record<string, unknown> }): void {
  delete request.headers['content-type'];
}

function hostOf(request: object, response: object): ArgumentsHost {
  const http = { getRequest: () => request, getResponse: () => response };
  return { getType: () => 'http', switchToHttp: () => http } as unknown as ArgumentsHost;
}

/** The statuses of an unreadable body. Other statuses have other causes, such as a rate limit of the application. */
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
