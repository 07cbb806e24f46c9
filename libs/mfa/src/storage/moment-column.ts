import { Column } from 'typeorm';

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
