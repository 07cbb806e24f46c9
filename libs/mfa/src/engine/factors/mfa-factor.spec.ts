import { describe, expect, it } from '@jest/globals';

import type { MfaFactorContext } from './factor-context.js';
import { MfaFactor } from './mfa-factor.js';

/** A factor that shows what it works with. */
class PlainFactor extends MfaFactor {
  begin = () => {
    throw new Error('not used');
  };
  activate = () => 'wrong' as const;
  verify = () => 'wrong' as const;
  get context() {
    return this.mfa;
  }
}

describe('a factor', () => {
  it('works with what it was connected to', () => {
    const factor = new PlainFactor();
    const context = {} as MfaFactorContext;
    factor.connect(context);
    expect(factor.context).toBe(context);
  });

  it('says that it was never passed to the module', () => {
    expect(() => new PlainFactor().context).toThrow('This factor is not connected');
  });

  it('needs no sender unless it says so', () => {
    expect(new PlainFactor().needsSender()).toBe(false);
  });
});
