/**
 * Whether the application is being developed or tested. Any other value of `NODE_ENV`, or none, means production: a forgotten variable
 * must not open an account.
 */
export function isDevelopment(nodeEnv: string | undefined): boolean {
  return nodeEnv === 'development' || nodeEnv === 'test';
}

/** What the defaults depend on besides the options. */
export interface OptionsEnvironment {
  nodeEnv: string | undefined;
  packageName: string | undefined;
}
