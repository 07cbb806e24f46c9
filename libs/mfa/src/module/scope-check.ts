import { Scope } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaType } from '../core/policy/methods.js';
import { factorToken } from '../engine/factors/factor-registry.js';
import { MfaOptionsError } from '../options/options-error.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { dependenciesOf, tokenOf } from './dependencies.js';

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;
type Provider = NestModule['providers'] extends Map<unknown, infer P> ? P : never;
type Token = Parameters<NestModule['providers']['get']>[0];

/**
 * Rejects request-scoped dependencies: guards and jobs also run outside requests. Nest would detect this as well, but
 * name internal classes of this module, so the declarations are checked before Nest creates the instances.
 */
export class ScopeCheck {
  /**
   * @throws {MfaOptionsError} when the adapter, the options or a factor are request-scoped or inject something that is
   */
  constructor(modules: ModulesContainer, factorTypes: readonly MfaType[]) {
    const own = [...modules.values()].find(({ providers }) => providers.has(MFA_OPTIONS));
    if (!own) return;
    // Options first: the adapter injects them, so it becomes request-scoped with them.
    if (isPerRequest(own, MFA_OPTIONS)) {
      throw new MfaOptionsError([
        'the options must not come from a request-scoped provider: inject only singletons, such as ConfigService',
      ]);
    }
    if (isPerRequest(own, MFA_ADAPTER)) {
      throw new MfaOptionsError([
        '`adapter` must not be request-scoped, or inject anything that is: remove `Scope.REQUEST` and `REQUEST`, since its hooks receive the request; get other request-scoped providers inside a hook, with `ModuleRef.resolve()`',
      ]);
    }
    const type = factorTypes.find((one) => isPerRequest(own, factorToken(one)));
    if (type !== undefined) {
      throw new MfaOptionsError([
        `\`factors\`: the factor ${type} must not be request-scoped, or inject anything that is: remove \`Scope.REQUEST\` and \`REQUEST\`; its methods are told which user they work for`,
      ]);
    }
  }
}

/** Whether a provider, or any of its dependencies, is request-scoped. */
function isPerRequest(module: NestModule, token: Token, seen = new Set<Provider>()): boolean {
  const found = find(module, token);
  if (!found || seen.has(found.provider)) return false;
  seen.add(found.provider);
  const { scope } = found.provider;
  if (scope === Scope.REQUEST) return true;
  return tokensOf(found.provider).some((one) => isPerRequest(found.module, one, seen));
}

function find(
  module: NestModule,
  token: Token,
  seen = new Set<NestModule>(),
): { module: NestModule; provider: Provider } | null {
  if (seen.has(module)) return null;
  seen.add(module);
  const provider = module.providers.get(token);
  if (provider) return { module, provider };
  for (const one of module.imports) {
    const found = find(one, token, seen);
    if (found) return found;
  }
  return null;
}

/** What a factory or a class injects. */
function tokensOf({ inject, metatype }: Provider): Token[] {
  if (inject) return inject.map(tokenOf);
  return typeof metatype === 'function' ? dependenciesOf(metatype) : [];
}
