import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';

import type { DefaultMfaAdapter } from './default-mfa-adapter.js';

/**
 * How an application provides its adapter: as a class that Nest instantiates with its dependencies, or in one of Nest's provider forms.
 * `imports` lists the modules whose providers it needs.
 */
export type MfaAdapterOption =
  | Type<DefaultMfaAdapter>
  | { useClass: Type<DefaultMfaAdapter>; imports?: ModuleMetadata['imports'] }
  | { useExisting: Type<DefaultMfaAdapter> | string | symbol; imports?: ModuleMetadata['imports'] }
  | {
      // The arguments are what `inject` lists; only the caller knows their types.
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      useFactory: (...args: any[]) => DefaultMfaAdapter | Promise<DefaultMfaAdapter>;
      inject?: FactoryProvider['inject'];
      imports?: ModuleMetadata['imports'];
    };
