import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

import type { MfaType } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import { mergeRequirements, unknownTypes } from '../core/policy/requirements.js';

/** What the decorators say about a class or handler: its requirements, or that it has none. */
type Rule = readonly MfaRequirement[] | 'skip';

/** Metadata key of `@RequireMfa()` and `@SkipMfa()`. They share one, so that only the nearer one is found. */
const RULE = 'nestjs-mfa:rule';

/**
 * The requirements that `@RequireMfa()` has set on this class or handler itself so far.
 *
 * @throws {TypeError} when it has `@SkipMfa()`
 */
export function ownRequirements(target: object): readonly MfaRequirement[] {
  const rule = ownRule(target);
  if (rule === 'skip') throw contradiction();
  return rule ?? [];
}

/** The unknown types that `@RequireMfa()` names on this class or handler itself, with the part that names them. */
export function unknownTypesOn(target: object): readonly { part: 'methods' | 'allOf'; type: MfaType }[] {
  const rule = ownRule(target);
  if (rule === undefined || rule === 'skip') return [];
  return rule.flatMap((requirement) =>
    unknownTypes(requirement).map((type) => ({
      part: requirement.allOf?.includes(type) ? ('allOf' as const) : ('methods' as const),
      type,
    })),
  );
}

/** Everything that `@RequireMfa()` requires on this class or handler itself; undefined if it isn't decorated. */
export function requirementOn(target: object): MfaRequirement | undefined {
  const rule = ownRule(target);
  return rule === undefined || rule === 'skip' ? undefined : mergeRequirements(rule, Infinity);
}

/** Whether `@RequireMfa()` on this class or handler itself requires that the proof is spent. */
export function isOnceOn(target: object): boolean {
  const rule = ownRule(target);
  return rule !== undefined && rule !== 'skip' && rule.some(({ once }) => once);
}

export function setRequirements(target: object, requirements: readonly MfaRequirement[]): void {
  Reflect.defineMetadata(RULE, requirements satisfies Rule, target);
}

/** @throws {TypeError} when it has `@RequireMfa()` */
export function setSkipped(target: object): void {
  if (Array.isArray(ownRule(target))) throw contradiction();
  Reflect.defineMetadata(RULE, 'skip' satisfies Rule, target);
}

/** Whether `@SkipMfa()` exempts a handler: no `@RequireMfa()` is equally near. */
export function isMfaSkipped(reflector: Reflector, context: ExecutionContext): boolean {
  return nearestRule(reflector, context) === 'skip';
}

const NOTHING: readonly MfaRequirement[] = [];

/** The requirements of the nearest `@RequireMfa()`: empty if there is none; null if `@SkipMfa()` is nearer. */
export function requirementsOf(
  reflector: Reflector,
  context: ExecutionContext,
): readonly MfaRequirement[] | null {
  const rule = nearestRule(reflector, context) ?? NOTHING;
  return rule === 'skip' ? null : rule;
}

/** The rule of the handler, or else its class, or else the nearest base class that has one. */
function nearestRule(reflector: Reflector, context: ExecutionContext): Rule | undefined {
  return reflector.getAllAndOverride<Rule | undefined>(RULE, [context.getHandler(), context.getClass()]);
}

function ownRule(target: object): Rule | undefined {
  return Reflect.getOwnMetadata(RULE, target) as Rule | undefined;
}

function contradiction(): TypeError {
  return new TypeError('@RequireMfa() and @SkipMfa() on one class or handler contradict each other');
}
