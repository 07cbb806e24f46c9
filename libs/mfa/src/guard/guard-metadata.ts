import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

import type { MfaType } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import { mergeRequirements, unknownTypes } from '../core/policy/requirements.js';

/** What the decorators say of one class or handler: all that it requires; or that it requires nothing. */
type Rule = readonly MfaRequirement[] | 'skip';

/** Metadata key of `@RequireMfa()` and `@SkipMfa()`: one for both, so that the nearer one is found and not the other. */
const RULE = 'nestjs-mfa:rule';

/**
 * What `@RequireMfa()` has said of this very class or handler so far.
 *
 * @throws {TypeError} where `@SkipMfa()` stands
 */
export function ownRequirements(target: object): readonly MfaRequirement[] {
  const rule = ownRule(target);
  if (rule === 'skip') throw contradiction();
  return rule ?? [];
}

/** The types that `@RequireMfa()` names on this very class or handler and that there are not, and the part that names them. */
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

/** All that `@RequireMfa()` demands on this very class or handler; undefined where it stands not. */
export function requirementOn(target: object): MfaRequirement | undefined {
  const rule = ownRule(target);
  return rule === undefined || rule === 'skip' ? undefined : mergeRequirements(rule, Infinity);
}

/** Whether `@RequireMfa()` demands on this very class or handler that the proof is spent. */
export function isOnceOn(target: object): boolean {
  const rule = ownRule(target);
  return rule !== undefined && rule !== 'skip' && rule.some(({ once }) => once);
}

export function setRequirements(target: object, requirements: readonly MfaRequirement[]): void {
  Reflect.defineMetadata(RULE, requirements satisfies Rule, target);
}

/** @throws {TypeError} where `@RequireMfa()` stands */
export function setSkipped(target: object): void {
  if (Array.isArray(ownRule(target))) throw contradiction();
  Reflect.defineMetadata(RULE, 'skip' satisfies Rule, target);
}

/** Whether `@SkipMfa()` exempts a handler: no `@RequireMfa()` is as near. */
export function isMfaSkipped(reflector: Reflector, context: ExecutionContext): boolean {
  return nearestRule(reflector, context) === 'skip';
}

const NOTHING: readonly MfaRequirement[] = [];

/** What the nearest `@RequireMfa()` demands: empty where nothing in particular is demanded; null where `@SkipMfa()` is nearer. */
export function requirementsOf(
  reflector: Reflector,
  context: ExecutionContext,
): readonly MfaRequirement[] | null {
  const rule = nearestRule(reflector, context) ?? NOTHING;
  return rule === 'skip' ? null : rule;
}

/** The rule of the handler, else of its class, else of the nearest base class that has one. */
function nearestRule(reflector: Reflector, context: ExecutionContext): Rule | undefined {
  return reflector.getAllAndOverride<Rule | undefined>(RULE, [context.getHandler(), context.getClass()]);
}

function ownRule(target: object): Rule | undefined {
  return Reflect.getOwnMetadata(RULE, target) as Rule | undefined;
}

function contradiction(): TypeError {
  return new TypeError('@RequireMfa() and @SkipMfa() on one class or handler contradict each other');
}
