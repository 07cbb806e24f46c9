import type { Type } from '@nestjs/common';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { GUARDS_METADATA, INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { APP_GUARD, MetadataScanner, ModulesContainer } from '@nestjs/core';

import { ASK_AGAIN_GUARD, ASK_AGAIN_INTERCEPTOR } from './judgements.js';
import { GlobalMfaGuard } from './global-mfa.guard.js';
import { MfaOptionsError } from '../options/options-error.js';
import { MFA_TYPES } from '../core/policy/methods.js';
import { unknownLevel, withLevel } from '../core/policy/acr.js';
import { raise } from '../core/policy/floor.js';
import { fittingTypes } from '../core/policy/policy.js';
import { PROFILES } from '../options/profiles.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_CLAIMS_OPTIONS, MFA_OPTIONS } from '../options/resolved-options.js';
import { requirementOn, unknownTypesOn } from './guard-metadata.js';

/**
 * Adds the check that the user is still the one that was judged, after everything else that runs before a handler, however the
 * decorators are ordered. This is done as soon as all classes are known, because Nest reads this metadata when it binds routes
 * and messages, before any hook.
 */
@Injectable()
export class HandlerGuards {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    // One of the two exists, depending on whether sessions or tokens are judged here.
    @Optional() @Inject(MFA_OPTIONS) options: Levelled | null = null,
    @Optional() @Inject(MFA_CLAIMS_OPTIONS) claims: Levelled | null = null,
  ) {
    const all = [...modules.values()];
    const wrappers = all.flatMap(({ controllers, providers }) => [
      ...controllers.values(),
      ...providers.values(),
    ]);
    // Any global guard of the application may delegate to this module's, like those provided by `useExisting` or a factory.
    const isGlobal = wrappers.some(
      ({ token }) => token === GlobalMfaGuard || String(token).startsWith(APP_GUARD),
    );
    for (const { metatype, isNotMetatype } of wrappers) {
      if (!metatype || isNotMetatype) continue;
      assertKnown(metatype as Type);
      if (options) assertPossible(metatype as Type, options);
      if (claims) assertPossible(metatype as Type, claims);
      arrange(metatype as Type, isGlobal);
    }
  }
}

/**
 * Rejects unknown types, which nobody could ever prove. They are checked here, not when a class is defined, because custom
 * factors come with the option `factors`.
 *
 * @throws {MfaOptionsError}
 */
function assertKnown(target: Type): void {
  for (const [name, place] of placesOf(target)) {
    const [unknown] = unknownTypesOn(place);
    if (unknown === undefined) continue;
    throw new MfaOptionsError([
      `\`@RequireMfa({ ${unknown.part} })\` on ${name} names \`${unknown.type}\`, which is not a factor: use one of ${MFA_TYPES.join(', ')}, or add yours to the option \`factors\``,
    ]);
  }
}

type Levelled = Pick<ResolvedMfaOptions, 'profile' | 'acr'>;

/**
 * Rejects unknown levels, and requirements that no factor could meet: because of the level, or because the profile makes some
 * factors count for nothing.
 *
 * @throws {MfaOptionsError}
 */
function assertPossible(target: Type, { profile, acr: levels }: Levelled): void {
  const { floor } = PROFILES[profile];
  for (const [name, place] of placesOf(target)) {
    const requirement = requirementOn(place);
    if (!requirement) continue;
    const { acr } = requirement;
    if (acr !== undefined && !Object.hasOwn(levels, acr)) {
      throw new MfaOptionsError([`\`@RequireMfa({ acr })\` on ${name}: ${unknownLevel(acr, levels)}`]);
    }
    const whole = withLevel(requirement, levels);
    if (fittingTypes(whole).length === 0) {
      throw new MfaOptionsError([
        `\`@RequireMfa()\` on ${name} can never be met: no factor fits both \`methods\` and the level \`${String(acr)}\``,
      ]);
    }
    if (fittingTypes(raise(whole, floor)).length > 0) continue;
    throw new MfaOptionsError([
      `\`@RequireMfa()\` on ${name} accepts only factors that do not count under profile \`${profile}\`: leave \`methods\` out, or include \`webauthn\``,
    ]);
  }
}

/** Where decorators may be applied: a class and its methods, by the names that error messages use. */
export function placesOf(target: Type): [name: string, place: object][] {
  const methods = methodsOf(target).map(([name, method]): [string, object] => [
    `${target.name}.${name}`,
    method,
  ]);
  return [[target.name, target], ...methods];
}

/** The methods of a class and its base classes. */
function methodsOf(target: Type): [name: string, method: object][] {
  const prototype = target.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).map((name) => [name, prototype[name] as object]);
}

function arrange(target: Type, isGlobal: boolean): void {
  for (const [, handler] of methodsOf(target)) {
    // A method without metadata is no handler.
    const isGuarded = isGlobal
      ? Reflect.getMetadataKeys(handler).length > 0
      : enhancersOf(GUARDS_METADATA, target, handler).length > 0;
    if (!isGuarded) continue;
    // They are stateless, so it does no harm that other applications in this process see them too.
    moveToEnd(GUARDS_METADATA, handler, ASK_AGAIN_GUARD);
    moveToEnd(INTERCEPTORS_METADATA, handler, ASK_AGAIN_INTERCEPTOR);
  }
}

/** The enhancers of these classes, including inherited ones, and handlers. */
function enhancersOf(metadataKey: string, ...targets: object[]): object[] {
  return targets.flatMap(
    (target) => (Reflect.getMetadata(metadataKey, target) as object[] | undefined) ?? [],
  );
}

function moveToEnd(metadataKey: string, handler: object, enhancer: object): void {
  const present = enhancersOf(metadataKey, handler);
  Reflect.defineMetadata(metadataKey, [...present.filter((one) => one !== enhancer), enhancer], handler);
}
