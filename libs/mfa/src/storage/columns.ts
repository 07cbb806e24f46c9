import { Column } from 'typeorm';

/**
 * JSON in a text column. TypeORM's own `simple-json` throws on invalid JSON, so a single row would make every result that
 * includes it unreadable.
 *
 * @param read converts the parsed value as far as possible; receives undefined for invalid JSON
 */
export function JsonColumn<T>(read: (value: unknown) => T): PropertyDecorator {
  return Column({
    type: 'text',
    transformer: { to: (value: T) => JSON.stringify(value), from: (text: unknown) => read(parse(text)) },
  });
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The latest time that a `Date` can hold, in milliseconds since the epoch. A damaged row may hold more, which is no time. */
export const LATEST_MOMENT = 8_640_000_000_000_000;

/** The greatest value of a {@link CountColumn}. */
export const GREATEST_COUNT = 2_147_483_647;

/**
 * A small counter: 0 by default, or null if nullable. On CockroachDB every integer has 64 bits, which its driver returns as
 * text.
 */
export function CountColumn(name: string, { nullable = false } = {}): PropertyDecorator {
  return Column({
    name,
    type: 'int',
    ...(nullable ? { nullable } : { default: 0 }),
    transformer: {
      to: (value: number | null | undefined) => value,
      // An empty text, which a damaged row may hold, is no number either.
      from: (value: string | number | null) => (value === null ? null : value === '' ? NaN : Number(value)),
    },
  });
}

/** An integer of up to 53 bits in a bigint column, which PostgreSQL and MySQL drivers return as a string. */
export function BigintColumn(name: string, options: { nullable?: boolean } = {}): PropertyDecorator {
  return Column({
    name,
    type: 'bigint',
    ...options,
    transformer: {
      to: (value: number | null | undefined) => value,
      from: (value: string | number | null) => (value === null ? null : Number(value)),
    },
  });
}

/**
 * A point in time, stored as milliseconds since the epoch in a bigint. Date columns lose milliseconds on MySQL and have no time
 * zone on SQLite; a number means the same on every engine. PostgreSQL and MySQL drivers return bigint as a string.
 */
export function MomentColumn(name: string, options: { nullable?: boolean } = {}): PropertyDecorator {
  return Column({
    name,
    type: 'bigint',
    ...options,
    transformer: {
      to: (value: Date | null | undefined) => (value instanceof Date ? value.getTime() : value),
      from: (value: string | number | null) => (value === null ? null : new Date(Number(value))),
    },
  });
}
