import { Column } from 'typeorm';

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
