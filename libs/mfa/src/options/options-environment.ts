/** What the defaults depend on outside the options. */
export interface OptionsEnvironment {
  nodeEnv: string | undefined;
  packageName: string | undefined;
}
