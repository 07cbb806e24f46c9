import type { Provider } from '@nestjs/common';

import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../core/crypto/key-ring.js';
import { MfaOptionsError } from '../options/options-error.js';
import { Problems } from '../options/problems.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { CONNECT_ADAPTER } from '../adapter/adapter-context.js';
import type { MfaAdapterOption } from '../adapter/adapter-option.js';
import { checkHooks } from '../adapter/checked-hooks.js';
import { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { waysOf } from './ways-to-make.js';

/** The adapter as the application created it, before it is connected. */
const MFA_RAW_ADAPTER = Symbol.for('nestjs-mfa:RAW_ADAPTER');

/** The providers of `MFA_ADAPTER` for each form of the option. */
export function adapterProviders(option: MfaAdapterOption = DefaultMfaAdapter): Provider[] {
  return [
    rawProvider(option),
    {
      provide: MFA_ADAPTER,
      inject: [MFA_RAW_ADAPTER, MFA_OPTIONS, MFA_KEY_RING, AuthenticatorsService],
      useFactory: connect,
    },
  ];
}

function rawProvider(option: MfaAdapterOption): Provider {
  if (typeof option === 'function') return { provide: MFA_RAW_ADAPTER, useClass: option };
  // Untyped callers may pass anything.
  if (typeof option !== 'object' || (option as object | null) === null) throw wrongAdapter();
  if (waysOf(option).length !== 1) throw wrongAdapter();
  const problems = new Problems();
  problems.onlyKnown('adapter.', option, ['useClass', 'useExisting', 'useFactory', 'inject', 'imports']);
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  if ('useClass' in option && option.useClass) return { provide: MFA_RAW_ADAPTER, useClass: option.useClass };
  if ('useExisting' in option && option.useExisting)
    return { provide: MFA_RAW_ADAPTER, useExisting: option.useExisting };
  if ('useFactory' in option) {
    return { provide: MFA_RAW_ADAPTER, useFactory: option.useFactory, inject: option.inject ?? [] };
  }
  throw wrongAdapter();
}

function wrongAdapter(): MfaOptionsError {
  return new MfaOptionsError([
    '`adapter` must be a class, or have one of `useClass`, `useExisting` and `useFactory`',
  ]);
}

function connect(
  adapter: unknown,
  options: ResolvedMfaOptions,
  keyRing: KeyRing,
  authenticators: AuthenticatorsService,
): DefaultMfaAdapter {
  if (!(adapter instanceof DefaultMfaAdapter)) {
    throw new MfaOptionsError([
      '`adapter` must extend DefaultMfaAdapter, so that hooks you leave out have a default',
    ]);
  }
  checkHooks(adapter);
  adapter[CONNECT_ADAPTER]({ options, keyRing, findAuthenticators: (userId) => authenticators.find(userId) });
  return adapter;
}
