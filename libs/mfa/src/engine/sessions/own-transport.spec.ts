import { describe, expect, it } from '@jest/globals';
import type { FactoryProvider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MFA_OWN_TRANSPORT, OWN_TRANSPORT_PROVIDER } from './own-transport.js';

class Complete {
  read() {
    return null;
  }
  write() {
    return undefined;
  }
  clear() {
    return undefined;
  }
}
class Incomplete {}

const { provide, inject, useFactory } = OWN_TRANSPORT_PROVIDER as FactoryProvider<unknown>;
const provided = (transport: unknown) => {
  const modules = { create: (type: new () => object) => Promise.resolve(new type()) };
  return useFactory({ session: { transport } }, modules);
};

describe('the application’s own transport', () => {
  it('is found by its token, which is the same in every copy of this package', () => {
    expect(provide).toBe(MFA_OWN_TRANSPORT);
    expect(MFA_OWN_TRANSPORT).toBe(Symbol.for('nestjs-mfa:OWN_TRANSPORT'));
    expect(inject).toEqual([MFA_OPTIONS, ModuleRef]);
  });

  it('is used as it is, or not there', async () => {
    const transport = new Complete();
    await expect(provided(transport)).resolves.toBe(transport);
    await expect(provided(null)).resolves.toBeNull();
  });

  it('is built by Nest if it is a class', async () => {
    await expect(provided(Complete)).resolves.toBeInstanceOf(Complete);
  });

  it('stops the boot without all its methods', async () => {
    await expect(provided(Incomplete)).rejects.toThrow(
      '`session.transport`: Incomplete must have the methods read, write, clear',
    );
  });
});
