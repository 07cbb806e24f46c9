import { Column } from 'typeorm';

/**
 * JSON in a column of text. TypeORM's own `simple-json` throws on text that is none, and one row would then keep all that are
 * read with it from being read.
 *
 * @param read what the row says, as far as it can be read: given undefined for text that is no JSON
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

/**
 * A small number that counts something: 0 at first, or null where it may be. On CockroachDB every integer has 64 bits, which
 * its driver gives as text.
 */
export function CountColumn(name: string, { nullable = false } = {}): PropertyDecorator {
  return Column({
    name,
    type: 'int',
    ...(nullable ? { nullable } : { default: 0 }),
    transformer: {
      to: (value: number | null | undefined) => value,
      from: (value: string | number | null) => (value === null ? null : Number(value)),
    },
  });
}

/** A whole number of up to 53 bits in a bigint, which PostgreSQL and MySQL drivers return as a string. */
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
 * A moment, kept as milliseconds since the epoch in a bigint. Date columns lose milliseconds on MySQL and carry no zone
 * on SQLite; a number means the same on every engine. PostgreSQL and MySQL drivers return bigint as a string.
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
