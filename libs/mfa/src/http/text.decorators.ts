import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';
import { applyDecorators } from '@nestjs/common';

import { MAX_NAME_LENGTH, cleanName } from '../core/users/authenticator-name.js';

/** Text that people read: no control characters, and no half of a surrogate pair, which no database can keep. */
const PRINTABLE = /^[^\p{Cc}\p{Surrogate}]*$/u;

/**
 * The name that a user gives an authenticator: 1 to 100 characters, after what is not seen and the spaces around it are
 * taken out.
 */
export function IsAuthenticatorName(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && PRINTABLE.test(value) ? cleanName(value) : value,
    ),
    Matches(PRINTABLE, { message: 'name must not hold control characters' }),
    Length(1, MAX_NAME_LENGTH),
    IsString(),
  );
}
