import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';

import { RegistrationDto } from '../auth/dto.js';

/** The fields of a submitted form, by name. */
export type FormBody = Readonly<Record<string, unknown>>;

/** An error message per field. */
export type FormErrors = Partial<Record<keyof RegistrationDto, string>>;

const MESSAGES: Required<FormErrors> = {
  email: 'Enter an email address, such as ada@example.com.',
  password: 'Use 8 to 256 characters.',
  phone: 'Enter a number with its country code, such as +4930123456.',
};

/** Reads the fields of an account from a form, validated as at a registration by JSON, with any errors. */
export async function readRegistration(
  body: FormBody = {},
): Promise<{ registration: RegistrationDto; errors: FormErrors | null }> {
  const fields = {
    email: textOf(body['email']),
    password: textOf(body['password']),
    // As people write it: +49 (30) 12 34 56.
    phone: textOf(body['phone']).replace(/[\s()./-]/g, '') || null,
  };
  const registration = plainToInstance(RegistrationDto, fields);
  const problems = await validate(registration);
  const errors = problems.map(({ property }) => [property, MESSAGES[property as keyof RegistrationDto]]);
  return { registration, errors: errors.length > 0 ? (Object.fromEntries(errors) as FormErrors) : null };
}

/** The text of a field; empty if it is missing or was sent more than once. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
