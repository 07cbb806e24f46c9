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
