/**
 * What is in this folder makes right codes, keys and sessions out of nothing. So it refuses to work where users are.
 *
 * @param what the name of what was called, for the message
 */
export function assertNotProduction(what: string): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  throw new Error(
    `${what} of nestjs-mfa/testing is for tests and refuses to work while NODE_ENV is production: import it in test files only`,
  );
}
