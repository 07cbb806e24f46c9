import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, UseGuards, UsePipes } from '@nestjs/common';

import { MfaModule } from '../mfa.module.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { exportedInternals } from './exported-providers.js';
import { INTERNAL_PROVIDERS } from './mfa-providers.js';

@Injectable()
class Inner {}

@Injectable()
class OfGuard {
  constructor(@Inject(Inner) readonly inner: Inner) {}
}

class Guard {
  constructor(@Inject(OfGuard) readonly own: OfGuard) {}
  canActivate = () => true;
}

class OfPipe {}

class Pipe {
  @Inject('pipe') readonly own?: OfPipe;
  transform = (value: unknown) => value;
}

@UseGuards(Guard)
class Base {
  @UsePipes(Pipe)
  act(): void {
    // Only its pipe matters here.
  }
}

describe('the providers that are exported from the Nest module', () => {
  it('are those that Nest needs for a class, its guards and its pipes, and nothing behind them', () => {
    const pipe = { provide: 'pipe', useClass: OfPipe };
    expect(exportedInternals([Base], [Inner, OfGuard, pipe, { provide: 'other', useValue: 1 }])).toEqual([
      OfGuard,
      pipe,
    ]);
  });

  it('leave most of the internal ones inside, the door to the database among them', () => {
    const exported = MfaModule.forRoot({ secret: 'x'.repeat(32) }).exports ?? [];
    const internal = INTERNAL_PROVIDERS.filter((one) => exported.includes(one as never));
    expect(exported).not.toContain(MfaStorage);
    expect(internal.length).toBeLessThan(INTERNAL_PROVIDERS.length / 4);
  });
});
