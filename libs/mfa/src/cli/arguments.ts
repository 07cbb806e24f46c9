import { InvalidArgumentError } from 'commander';

/** For options that take a whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) {
    throw new InvalidArgumentError('Must be a whole number.');
  }
  return value;
}
