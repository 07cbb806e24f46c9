import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { presentIn } from '../refusals/transport-exceptions.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import { mergeRequirements } from '../core/policy/requirements.js';
import { executionOf, findRequest, keepRequest, operationOf } from '../refusals/find-request.js';
import { requirementsOf } from './guard-metadata.js';
import { isSameSnapshot, judgedBy, keepJudgement, snapshotOf } from './judgements.js';
import { MfaPolicyService } from './mfa-policy.service.js';

/** Decides on a request; `operation` is what its session is read for. */
export type MfaDecide = (request: object, operation: object) => Promise<MfaPolicyDecision>;

/**
 * The guard behind `@RequireMfa()`. Only a positive decision passes; any exception is a refusal. Override {@link getRequest}
 * for transports that store the request elsewhere.
 */
@Injectable()
export class MfaGuard implements CanActivate {
  constructor(
    @Inject(MfaPolicyService) protected readonly policy: MfaPolicyService,
    @Inject(MfaExceptionMapper) protected readonly exceptions: MfaExceptionMapper,
    @Inject(Reflector) protected readonly reflector: Reflector,
  ) {}

  /** @throws {MfaException} the refusal, in the form that the transport shows to its client */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirements = requirementsOf(this.reflector, context);
    if (requirements === null) return true;
    const requirement = mergeRequirements(requirements, this.policy.defaultMaxAge);
    const call = executionOf(context);
    return this.judge(context, (request, operation) =>
      this.policy.decide(requirement, request, operation, call),
    );
  }

  /**
   * Returns the object that carries headers and user: the HTTP request, the `req` of a GraphQL context, or the handshake of a
   * WebSocket. What a message says about itself proves nothing, so message handlers are refused unless this is overridden.
   *
   * @throws {MfaException} `unauthenticated` when there is no such object
   */
  protected getRequest(context: ExecutionContext): object | Promise<object> {
    const request = findRequest(context);
    if (!request) throw new MfaException('unauthenticated');
    return request;
  }

  /**
   * Passes if `decide` allows the request. Anything else is a refusal, with message and headers. If a later guard sets another
   * user, it is asked again.
   */
  protected async judge(
    context: ExecutionContext,
    decide: MfaDecide,
    operation: object = operationOf(context),
  ): Promise<boolean> {
    let request: object | undefined;
    try {
      request = await this.getRequest(context);
      keepRequest(context, request);
      const decision = await decide(request, operation);
      if (!decision.allow) {
        const { allow: _, code, ...details } = decision;
        throw new MfaException(code, details);
      }
      const user = judgedBy(decision);
      const judged = user === undefined ? undefined : snapshotOf(user);
      keepJudgement(context, this, {
        stillHolds: () => this.isStillThere(judged, context, operation),
        judge: (later) => this.judge(context, decide, later),
        noteUse: () => request && this.policy.noteUse(request),
      });
      return true;
    } catch (error) {
      throw await presentIn(context, this.exceptions, error, request);
    }
  }

  /** Whether the user is still the one that was judged; false if that is unknown. */
  private async isStillThere(
    judged: readonly unknown[] | undefined,
    context: ExecutionContext,
    operation: object,
  ): Promise<boolean> {
    if (!judged) return false;
    try {
      const user = await this.policy.findUser(await this.getRequest(context), operation);
      return isSameSnapshot(judged, snapshotOf(user));
    } catch {
      return false;
    }
  }
}
