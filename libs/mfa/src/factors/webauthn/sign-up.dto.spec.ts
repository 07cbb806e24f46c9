import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';

import { schemaOf } from '../../openapi/schema.js';
import { SignUpDto, SignUpOptionsDto } from './sign-up.dto.js';

/** What is wrong with a sign-up, by field. */
const problemsOf = (body: object) =>
  validateSync(Object.assign(new SignUpDto(), { credential: {}, name: 'ada', ...body })).map(
    ({ property, constraints = {} }) => [property, ...Object.values(constraints)],
  );

describe('a sign-up', () => {
  it.each(['a', 'Ada 🦉', 'ada@example.com', 'x'.repeat(100)])('may be of %s', (name) => {
    expect(problemsOf({ name, displayName: name })).toEqual([]);
  });

  it.each(['a\u0000', '\u0007a', 'a\nb', '\ud83e', 'a\udd89b', '\n'])(
    'has no control characters and no half pairs in its names: %j',
    (name) => {
      expect(problemsOf({ name, displayName: name })).toEqual([
        ['name', 'name must not hold control characters'],
        ['displayName', 'displayName must not hold control characters'],
      ]);
    },
  );

  it.each(['', 'x'.repeat(101), 7])('has no names like %j', (name) => {
    expect(problemsOf({ name, displayName: name }).map(([property]) => property)).toEqual([
      'name',
      'displayName',
    ]);
  });

  it('is described with the limits of its names', () => {
    const { properties } = schemaOf(SignUpOptionsDto);
    expect(properties).toEqual({
      name: {
        type: 'string',
        description: expect.stringMatching(/./),
        minLength: 1,
        maxLength: 100,
        example: 'ada@example.com',
      },
      displayName: {
        type: 'string',
        description: expect.stringMatching(/./),
        minLength: 1,
        maxLength: 100,
      },
    });
  });
});
