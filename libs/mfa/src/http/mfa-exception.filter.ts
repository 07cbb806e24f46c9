import type { ArgumentsHost } from '@nestjs/common';
import { Catch, Inject, Injectable } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';

import { MfaException } from '../errors/mfa-exception.js';
import { MfaExceptionMapper } from './mfa-exception-mapper.js';

/** Answers refusals with their text and headers, wherever in the application they were thrown. */
@Injectable()
@Catch(MfaException)
export class MfaExceptionFilter extends BaseExceptionFilter {
  constructor(
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(exception: unknown, host: ArgumentsHost): void {
    // Other transports have no response to write to; Nest's own handlers take it from there.
    if (host.getType() !== 'http') throw exception;
    const http = host.switchToHttp();
    void this.mapper
      .present(exception, http.getRequest(), http.getResponse())
      .catch((failure: unknown) => failure)
      .then((presented) => super.catch(presented, host));
  }
}

/** On this module's own routes every refused body or parameter is one of ours, whoever refused it. */
@Injectable()
@Catch()
export class MfaRouteExceptionFilter extends MfaExceptionFilter {}
