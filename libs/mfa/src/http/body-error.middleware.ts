import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';

import { MfaException } from '../errors/mfa-exception.js';
import { MFA_PATH } from '../options/structural-options.js';
import type { HttpResponse } from './http-message.js';
import { MfaExceptionMapper } from './mfa-exception-mapper.js';

type ExpressNext = (error?: unknown) => void;
type ExpressRequest = { originalUrl: string };
type ExpressResponse = HttpResponse & { status(code: number): { json(body: unknown): void } };

type FastifyReply = HttpResponse & { code(status: number): unknown };
type FastifyErrorHandler = (error: unknown, request: object, reply: FastifyReply) => Promise<unknown>;
type FastifyRoute = { url: string; errorHandler?: FastifyErrorHandler };
type FastifyInstance = { addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): unknown };

/**
 * Answers bodies that Express or Fastify could not even read (no JSON, too large; with Express also a broken escape in the
 * path) under our code. They never reach a handler, so no filter of a route sees them.
 */
@Injectable()
export class BodyErrorMiddleware implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(MFA_PATH) private readonly path: string,
  ) {
    // Fastify asks a hook for every route that is added, which Nest does before it calls `onModuleInit`; in a testing module
    // the adapter comes only after this.
    this.adapterHost.init$.subscribe(() => {
      if (this.adapter?.getType() === 'fastify') this.handleFastifyErrors();
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
        if (!this.isOurs(request.originalUrl.split('?')[0]) || !isClientError(error)) return next(error);
        this.mapper
          .present(unreadable(), request, response)
          .then((exception) => response.status(400).json((exception as MfaException).getResponse()), next);
      },
    );
  }

  private handleFastifyErrors(): void {
    const handler: FastifyErrorHandler = async (error, request, reply) => {
      // What is thrown here goes on to the application's own handler.
      if (!isClientError(error)) throw error;
      const exception = await this.mapper.present(unreadable(), request, reply);
      reply.code(400);
      return (exception as MfaException).getResponse();
    };
    this.adapter?.getInstance<FastifyInstance>().addHook('onRoute', (route) => {
      if (this.isOurs(route.url)) route.errorHandler ??= handler;
    });
  }

  /** Whether a path belongs to this module. Asked late: applications set their prefix after they are made. */
  private isOurs(path: string | undefined): boolean {
    const prefix = `/${[this.config.getGlobalPrefix(), this.path].filter(Boolean).join('/')}/`;
    return `${path}/`.startsWith(prefix.replace(/\/{2,}/g, '/'));
  }
}

/** Express's errors have a `status`, Fastify's a `statusCode`. */
function isClientError(error: unknown): boolean {
  const { status, statusCode = status } = error as { status?: unknown; statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
}

function unreadable(): MfaException {
  return new MfaException('invalid_request', {
    message: ['The request could not be read: too large, or no valid JSON'],
  });
}
