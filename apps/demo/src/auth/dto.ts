import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, Length, Matches, ValidateBy, isEmail } from 'class-validator';

/** Text that every database can store: no NUL, which PostgreSQL rejects, and no lone surrogates. */
const STORABLE = /^[^\p{Cc}\p{Surrogate}]*$/u;

const MAX_EMAIL_LENGTH = 190;

/** Whether this could be an account's address. Anything else is never looked up. */
export function isAddress(value: unknown): value is string {
  // The order matters: validator.js throws on lone surrogates.
  return (
    typeof value === 'string' && value.length <= MAX_EMAIL_LENGTH && STORABLE.test(value) && isEmail(value)
  );
}

/** Addresses are compared in lower case, without spaces from pasting. */
const Address = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toLowerCase() : value,
  );

/** The fields of a new account. */
export class RegistrationDto {
  @ApiProperty({ example: 'ada@example.com' })
  @Address()
  @ValidateBy({
    name: 'isAddress',
    validator: { validate: isAddress, defaultMessage: () => 'email must be an email address' },
  })
  email!: string;

  @ApiProperty({ minLength: 8, example: 'correct horse battery' })
  @IsString()
  @Length(8, 256)
  password!: string;

  /** E.164: a plus sign, the country code, the number; 15 digits at most. */
  @ApiPropertyOptional({ type: String, nullable: true, example: '+4930123456' })
  @IsOptional()
  @Matches(/^\+[1-9]\d{1,14}$/, { message: 'phone must be a number in E.164 form, such as +4930123456' })
  phone?: string | null;
}

/** What a client claims to be. Any text is accepted, since wrong credentials always get the same response. */
export class CredentialsDto {
  @ApiProperty({ example: 'ada@example.com' })
  @Address()
  @IsString()
  email!: string;

  @ApiProperty({ example: 'correct horse battery' })
  @IsString()
  password!: string;
}

export class PasswordDto {
  @ApiProperty({ example: 'correct horse battery' })
  @IsString()
  password!: string;
}
