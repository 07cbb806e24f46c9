import { Transform } from 'class-transformer';
import { IsString, Matches } from 'class-validator';
import { applyDecorators } from '@nestjs/common';

import { MAX_NAME_LENGTH, cleanName } from '../core/users/authenticator-name.js';

/** Human-readable text: no control characters, and no lone surrogates, which no database can store. */
const PRINTABLE = /^[^\p{Cc}\p{Surrogate}]*$/u;

/** `@Length()` doesn't count variation selectors, but the column does. */
const FITS_COLUMN = new RegExp(`^[^]{1,${MAX_NAME_LENGTH}}$`, 'u');

/**
 * The name a user gives an authenticator: 1 to 100 characters, after removing invisible characters and surrounding
 * spaces.
 */
export function IsAuthenticatorName(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && PRINTABLE.test(value) ? cleanName(value) : value,
    ),
    Matches(PRINTABLE, { message: 'name must not hold control characters' }),
    Matches(FITS_COLUMN, { message: `name must have 1 to ${MAX_NAME_LENGTH} characters` }),
    IsString(),
  );
}
