import { isDevelopment } from '../options/options-environment.js';

/**
 * Everything in this folder creates valid codes, keys and sessions out of nothing, so it refuses to run in production.
 *
 * @param what the name of the caller, for the message
 */
export function assertNotProduction(what: string): void {
  // As everywhere in this library, an unset `NODE_ENV` means production.
  if (isDevelopment(process.env['NODE_ENV'])) return;
  throw new Error(
    `${what} of nestjs-mfa/testing is for tests and works only where NODE_ENV is test or development: import it in test files only`,
  );
}
