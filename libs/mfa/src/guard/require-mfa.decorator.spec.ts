import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
} from '@nestjs/common/constants.js';

import type { MfaRequirement } from '../core/policy/policy.js';
import { ownRequirements } from './guard-metadata.js';
import { MfaGuard } from './mfa.guard.js';
import { RequireMfa, SkipMfa } from './require-mfa.decorator.js';

const KEYS = [GUARDS_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA];
const countsOf = (target: object) =>
  KEYS.map((key) => ((Reflect.getMetadata(key, target) ?? []) as unknown[]).length);

class OwnGuard extends MfaGuard {}

describe('@RequireMfa()', () => {
  it('keeps all that stands on one target, and puts its enhancers there once', () => {
    @RequireMfa({ maxAge: 60 })
    @RequireMfa({ methods: ['totp'] })
    class Twice {}
    expect(ownRequirements(Twice)).toEqual([{ methods: ['totp'] }, { maxAge: 60 }]);
    expect(countsOf(Twice)).toEqual([1, 1, 1]);

    @RequireMfa()
    class Below extends Twice {}
    expect(countsOf(Below)).toEqual([1, 1, 1]);
  });

  it('refuses together what could never be met', () => {
    const own: MfaRequirement = { methods: ['totp', 'recovery_codes'] };
    @RequireMfa(own)
    class TypesCode {}
    expect(() => RequireMfa({ attested: true })(TypesCode)).toThrow(TypeError);
    expect(ownRequirements(TypesCode)).toEqual([own]);
  });

  it('stands on a handler’s function, and with the guard that is given', () => {
    class Handlers {
      @RequireMfa({ maxAge: 5 }, OwnGuard)
      one(this: void): string {
        return 'one';
      }
    }
    const { one } = Handlers.prototype;
    expect(ownRequirements(one)).toEqual([{ maxAge: 5 }]);
    expect(Reflect.getMetadata(GUARDS_METADATA, one)).toEqual([OwnGuard]);
    expect(ownRequirements(Handlers)).toEqual([]);
  });

  it('stands not beside @SkipMfa()', () => {
    @SkipMfa()
    class Skipped {}
    expect(() => RequireMfa()(Skipped)).toThrow('contradict each other');
    expect(() => SkipMfa()(RequiresTotp)).toThrow('contradict each other');
  });
});

@RequireMfa({ methods: ['totp'] })
class RequiresTotp {}
