import type { Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { TRANSPORT_METHODS, isTransport } from '../../core/web/session-transport.js';
import { MfaOptionsError } from '../../options/options-error.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** Injection token of the application's own {@link MfaSessionTransport}; null for cookie and header. */
export const MFA_OWN_TRANSPORT = Symbol.for('nestjs-mfa:OWN_TRANSPORT');

export const OWN_TRANSPORT_PROVIDER: Provider = {
  provide: MFA_OWN_TRANSPORT,
  inject: [MFA_OPTIONS, ModuleRef],
  useFactory: async ({ session }: ResolvedMfaOptions, modules: ModuleRef) => {
    const { transport } = session;
    if (typeof transport !== 'function') return transport;
    const made = await modules.create(transport);
    if (isTransport(made)) return made;
    throw new MfaOptionsError([
      `\`session.transport\`: ${transport.name} must have the methods ${TRANSPORT_METHODS.join(', ')}`,
    ]);
  },
};
