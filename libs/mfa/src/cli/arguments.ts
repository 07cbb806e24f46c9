import { InvalidArgumentError } from 'commander';

/** For options that take a whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) {
    throw new InvalidArgumentError('Must be a whole number.');
  }
  return value;
}

/** The same for those that decide how much is to be done: a slip of the finger must not keep the machine busy for good. */
export function wholeNumberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value < least || value > most) throw new InvalidArgumentError(`Must be from ${least} to ${most}.`);
    return value;
  };
}
