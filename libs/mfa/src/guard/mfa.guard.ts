import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { MfaException } from '../errors/mfa-exception.js';
import { MfaExceptionMapper } from '../http/mfa-exception-mapper.js';
import type { MfaRequirement, PolicyDecision } from '../policy/policy.js';
import { REQUIRE_MFA, SKIP_MFA } from './guard-metadata.js';
import { MfaPolicyService } from './mfa-policy.service.js';

/**
 * The guard behind `@RequireMfa()`. It passes on a decision and on nothing else: an exception is a refusal. Override
 * {@link getRequest} for transports that keep the request elsewhere.
 */
@Injectable()
export class MfaGuard implements CanActivate {
  constructor(
    @Inject(MfaPolicyService) protected readonly policy: MfaPolicyService,
    @Inject(MfaExceptionMapper) protected readonly exceptions: MfaExceptionMapper,
    @Inject(Reflector) protected readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const requirement = this.reflector.getAllAndOverride<MfaRequirement | undefined>(REQUIRE_MFA, targets);
    if (this.isSkipped(context)) return true;
    const request = this.getRequest(context);
    const decision = await this.run(context, () =>
      this.policy.decide(requirement ?? {}, request, this.isLongLived(context)),
    );
    return this.answer(context, decision);
  }

  /**
   * The object that carries headers and user: the HTTP request, the `req` of a GraphQL context, the handshake of a
   * WebSocket. What a message says of itself proves nothing, so message handlers are refused until this is overridden.
   *
   * @throws {MfaException} `unauthenticated` when there is no such object
   */
  protected getRequest(context: ExecutionContext): object {
    const request = findRequest(context);
    if (typeof request !== 'object' || request === null) throw new MfaException('unauthenticated');
    return request;
  }

  /** A handler's own decorator counts for more than its class's. */
  protected isSkipped(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    if (this.reflector.get<boolean | undefined>(SKIP_MFA, handler)) return true;
    if (this.reflector.get<MfaRequirement | undefined>(REQUIRE_MFA, handler)) return false;
    return this.reflector.get<boolean | undefined>(SKIP_MFA, context.getClass()) ?? false;
  }

  /** A connection keeps its request object for all its messages, so what was read for one is stale for the next. */
  protected isLongLived(context: ExecutionContext): boolean {
    return context.getType<string>() !== 'http';
  }

  protected async answer(context: ExecutionContext, decision: PolicyDecision): Promise<boolean> {
    if (decision.allow) return true;
    const { allow: _, code, ...details } = decision;
    return this.run(context, () => Promise.reject(new MfaException(code, details)));
  }

  /** Runs it, and gives a refusal its text and headers. */
  protected async run<T>(context: ExecutionContext, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const response: unknown =
        context.getType<string>() === 'http' ? context.switchToHttp().getResponse() : undefined;
      throw await this.exceptions.present(error, this.getRequest(context), response as object | undefined);
    }
  }
}

function findRequest(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest<unknown>();
    case 'graphql':
      return context.getArgByIndex<{ req?: unknown } | undefined>(2)?.req;
    case 'ws':
      return context.switchToWs().getClient<{ handshake?: unknown }>().handshake;
    default:
      return undefined;
  }
}
