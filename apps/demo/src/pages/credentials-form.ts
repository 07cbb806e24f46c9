import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';

import type { CredentialsDto } from '../auth/dto.js';
import { RegistrationDto } from '../auth/dto.js';

/** The fields of a submitted form, by name. */
export type FormBody = Readonly<Record<string, unknown>>;

/** An error message per field. */
export type FormErrors = Partial<Record<keyof CredentialsDto, string>>;

const MESSAGES: Required<FormErrors> = {
  email: 'Enter an email address, such as ada@example.com.',
  password: 'Use 8 to 256 characters.',
};

/** Reads email and password from a form, validated like the JSON routes, with any errors. */
export async function readCredentials(
  body: FormBody = {},
): Promise<{ credentials: CredentialsDto; errors: FormErrors | null }> {
  const fields = { email: textOf(body['email']), password: textOf(body['password']) };
  const credentials = plainToInstance(RegistrationDto, fields);
  const problems = await validate(credentials);
  const errors = problems.map(({ property }) => [property, MESSAGES[property as keyof CredentialsDto]]);
  return { credentials, errors: errors.length > 0 ? (Object.fromEntries(errors) as FormErrors) : null };
}

/** The text of a field; empty if it is missing or was sent more than once. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
