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

/**
 * Answers bodies that Express could not even read (no JSON, too large, a broken escape in the path) under our code. They
 * never reach a route, so no filter of a route sees them.
 */
@Injectable()
export class BodyErrorMiddleware implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(MFA_PATH) private readonly path: string,
  ) {}

  onModuleInit(): void {
    // Absent in applications without HTTP.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter?.getType() !== 'express') return;
    const prefix = `/${[this.config.getGlobalPrefix(), this.path].filter(Boolean).join('/')}/`.replace(
      /\/{2,}/g,
      '/',
    );
    // Express knows a handler of errors by its four parameters.
    adapter.use((error: unknown, request: ExpressRequest, response: ExpressResponse, next: ExpressNext) => {
      const isOurs = `${request.originalUrl.split('?')[0]}/`.startsWith(prefix);
      if (!isOurs || !isClientError(error)) return next(error);
      this.mapper
        .present(unreadable(), request, response)
        .then((exception) => response.status(400).json((exception as MfaException).getResponse()), next);
    });
  }
}

function isClientError(error: unknown): boolean {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500;
}

function unreadable(): MfaException {
  return new MfaException('invalid_request', {
    message: ['The request could not be read: too large, or no valid JSON'],
  });
}
