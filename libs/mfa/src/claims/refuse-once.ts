import type { Type } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

import { isOnceOn } from '../guard/guard-metadata.js';
import { placesOf } from '../guard/handler-guards.js';
import { MfaOptionsError } from '../options/options-error.js';

/** Rejects `@RequireMfa({ once: true })` in applications without sessions: a token can be sent any number of times. */
@Injectable()
export class RefuseOnce {
  /** @throws {MfaOptionsError} naming the handler */
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    for (const { controllers, providers } of modules.values()) {
      for (const { metatype, isNotMetatype } of [...controllers.values(), ...providers.values()]) {
        if (metatype && !isNotMetatype) assertRepeatable(metatype as Type);
      }
    }
  }
}

function assertRepeatable(target: Type): void {
  for (const [name, place] of placesOf(target)) {
    if (!isOnceOn(place)) continue;
    throw new MfaOptionsError([
      `\`@RequireMfa({ once: true })\` on ${name} can't be enforced without \`MfaModule\`: nothing records which tokens were used. Use a short \`maxAge\` here, or move the route to the application that has the sessions`,
    ]);
  }
}
