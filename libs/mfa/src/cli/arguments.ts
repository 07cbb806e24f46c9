import { InvalidArgumentError } from 'commander';

/** Parses options that take an integer. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) {
    throw new InvalidArgumentError('Must be a whole number.');
  }
  return value;
}

/**
 * The same within limits, for options that decide how much work is done: a typo must not keep the machine busy forever.
 */
export function wholeNumberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value < least || value > most) throw new InvalidArgumentError(`Must be from ${least} to ${most}.`);
    return value;
  };
}

/** Parses options that take a date or a timestamp (ISO 8601), in UTC unless it has an offset. */
export function date(text: string): Date {
  const value = new Date(text);
  // `Date` also accepts 5, "May" and 2027-02-30.
  const isExact = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text);
  const day = text.slice(0, 10);
  if (!isExact || Number.isNaN(value.getTime()) || new Date(day).toISOString().slice(0, 10) !== day) {
    throw new InvalidArgumentError(
      'Must be a date such as 2027-01-31, or a date and time such as 2027-01-31T09:00:00Z.',
    );
  }
  return value;
}
