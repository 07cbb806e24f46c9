/**
 * Whether this is where an application is built or tested. Any other `NODE_ENV`, and none, is production: what is left to
 * chance must not open an account.
 */
export function isDevelopment(nodeEnv: string | undefined): boolean {
  return nodeEnv === 'development' || nodeEnv === 'test';
}

/** What the defaults depend on outside the options. */
export interface OptionsEnvironment {
  nodeEnv: string | undefined;
  packageName: string | undefined;
}
