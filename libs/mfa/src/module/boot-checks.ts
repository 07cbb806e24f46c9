import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';

import { MfaOptionsError } from '../options/options-error.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/**
 * Two of them would share tables and routes, and each guard would follow the options of only one.
 *
 * @throws {MfaOptionsError} when the application imports more than one `forRoot()`
 */
export function assertImportedOnce(modules: ModulesContainer, self: Type): void {
  const made = [...modules.values()].filter((one) => one.metatype === self && one.providers.has(MFA_OPTIONS));
  if (made.length === 1) return;
  throw new MfaOptionsError([
    `MfaModule is imported ${made.length} times: call forRoot() or forRootAsync() once, in the root module. Other modules don't need to import it; with \`isGlobal: false\`, they import the object that the call returned`,
  ]);
}

/**
 * Explains why Nest found no DataSource.
 *
 * @param name the option `dataSource`
 * @throws {MfaOptionsError} always
 */
export function missingDataSource(modules: ModulesContainer, name: string | undefined): never {
  const token = getDataSourceToken(name);
  const which = name === undefined ? 'DataSource' : `DataSource named \`${name}\``;
  const exists = [...modules.values()].some(({ providers }) => providers.has(token));
  throw new MfaOptionsError([
    exists
      ? `the ${which} could not be created (TypeORM has logged why), or MfaModule can't see it: export it from a global module`
      : `there is no ${which}: import \`TypeOrmModule.forRoot()\` in the root module, and set its \`name\` and the option \`dataSource\` to the same value`,
  ]);
}
