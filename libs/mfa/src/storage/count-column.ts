import { Column } from 'typeorm';

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
