/** Thrown when the application boots with options that are wrong, missing or contradictory. Lists all of them. */
export class MfaOptionsError extends Error {
  override readonly name = 'MfaOptionsError';

  constructor(
    /** One sentence per problem, naming the option and the remedy. */
    readonly problems: readonly string[],
  ) {
    super(
      `MfaModule can't start with these options:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}
