import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';

import { REFUSED_MESSAGE_FILTER } from '../refusals/refused-message.filter.js';
import { GlobalMfaGuard } from './global-mfa.guard.js';

/** Metadata key of `@WebSocketGateway()`. Its package is an optional dependency of the application. */
const GATEWAY_METADATA = 'websockets:is_gateway';

/**
 * The global guard for gateways, for which Nest 11 runs no global guards. Metadata is shared by all applications of a process,
 * so in one without the option `globalGuard` it lets everything pass.
 */
@Injectable()
export class GatewayMfaGuard implements CanActivate {
  constructor(@Optional() @Inject(GlobalMfaGuard) private readonly guard?: GlobalMfaGuard) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return this.guard?.canActivate(context) ?? true;
  }
}

/** Puts that guard before all gateways. Where Nest also runs the global one, the answer is the same and is computed once. */
@Injectable()
export class GatewayGuards {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    // Created before this class, so that gateways get an instance that is ready.
    @Inject(GatewayMfaGuard) _guard: GatewayMfaGuard,
  ) {
    const all = [...modules.values()];
    const ready = all.flatMap(({ providers }) => providers.get(GatewayMfaGuard) ?? []).at(0);
    for (const module of all) {
      const gateways = [...module.providers.values()].filter(isGateway);
      for (const { metatype } of gateways) guardClass(metatype as Type);
      // Where Nest looks up the guards of a module's own classes.
      if (ready && gateways.length > 0) module.injectables.set(GatewayMfaGuard, ready);
    }
  }
}

function isGateway({ metatype, isNotMetatype }: { metatype: unknown; isNotMetatype: boolean }): boolean {
  return typeof metatype === 'function' && !isNotMetatype && Reflect.hasMetadata(GATEWAY_METADATA, metatype);
}

function guardClass(gateway: Type): void {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, gateway) as unknown[] | undefined) ?? [];
  if (guards.includes(GatewayMfaGuard)) return;
  Reflect.defineMetadata(GUARDS_METADATA, [...guards, GatewayMfaGuard], gateway);
  // The first filter runs last, so the application's filters take precedence.
  const filters = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, gateway) as unknown[] | undefined) ?? [];
  Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [REFUSED_MESSAGE_FILTER, ...filters], gateway);
}
