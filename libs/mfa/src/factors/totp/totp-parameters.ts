import type { TotpParameters } from './totp.js';

/** The text that is kept, encrypted, of the parameters. */
export function writeParameters(parameters: TotpParameters): string {
  return JSON.stringify(parameters);
}

/**
 * The parameters that were kept.
 *
 * @throws {Error} that quotes nothing of the text: what it holds must not get into a log
 */
export function readParameters(text: string): TotpParameters {
  const parameters = parseJson(text) as Partial<TotpParameters> | null;
  const { secret, algorithm, digits, period } = parameters ?? {};
  const isComplete =
    typeof secret === 'string' &&
    /^[A-Z2-7]{16,}=*$/i.test(secret) &&
    typeof algorithm === 'string' &&
    Number.isInteger(digits) &&
    Number.isInteger(period);
  if (!isComplete) throw new Error('These are no parameters of a TOTP');
  return parameters as TotpParameters;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
