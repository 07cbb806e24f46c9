import { IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';

import { Described, object, text } from '../../openapi/schema.js';
import { NEW_CREDENTIAL } from './webauthn-schemas.js';

/** Authenticators store 64 bytes of a name, and may truncate it (WebAuthn Level 3, section 6.4.1). */
const MAX_LENGTH = 100;

/** No control characters and no lone surrogates. */
const PRINTABLE = /^[^\p{Cc}\p{Surrogate}]*$/u;

const NAME = text('What the account is called: an address, or a chosen name.', {
  minLength: 1,
  maxLength: MAX_LENGTH,
  example: 'ada@example.com',
});
const DISPLAY_NAME = text('What people call the user. Default: the name.', {
  minLength: 1,
  maxLength: MAX_LENGTH,
});

@Described(object({ name: NAME }, { displayName: DISPLAY_NAME }))
export class SignUpOptionsDto {
  @Matches(PRINTABLE, { message: 'name must not hold control characters' })
  @Length(1, MAX_LENGTH)
  @IsString()
  name!: string;

  @Matches(PRINTABLE, { message: 'displayName must not hold control characters' })
  @Length(1, MAX_LENGTH)
  @IsString()
  @IsOptional()
  displayName?: string;
}

@Described(
  object(
    { credential: NEW_CREDENTIAL, name: NAME },
    {
      displayName: DISPLAY_NAME,
      fields: {
        type: 'object',
        additionalProperties: true,
        description: 'Further fields that the application asks for, and checks itself.',
      },
    },
  ),
)
export class SignUpDto extends SignUpOptionsDto {
  /** The result of `create()` as JSON (RegistrationResponseJSON). Its contents are validated when it is parsed. */
  @IsObject()
  credential!: object;

  @IsObject()
  @IsOptional()
  fields?: Record<string, unknown>;
}
