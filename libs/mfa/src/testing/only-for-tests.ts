import { isDevelopment } from '../options/options-environment.js';

/**
 * What is in this folder makes right codes, keys and sessions out of nothing. So it refuses to work where users are.
 *
 * @param what the name of what was called, for the message
 */
export function assertNotProduction(what: string): void {
  // As everywhere in this library, where nothing is said it is production.
  if (isDevelopment(process.env['NODE_ENV'])) return;
  throw new Error(
    `${what} of nestjs-mfa/testing is for tests and works only where NODE_ENV is test or development: import it in test files only`,
  );
}
