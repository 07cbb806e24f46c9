import type { ComponentChildren, VNode } from 'preact';
import { Field } from 'nestjs-mfa/pages';

import type { FormErrors } from '../credentials-form.js';

export interface CredentialsProps {
  /** The path of this site to continue to; null for the profile. */
  next: string | null;
  /** What the user entered before. */
  email: string;
  errors: FormErrors | null;
}

type Props = CredentialsProps & {
  /** Whether the browser should generate a password or fill in a saved one. */
  password: 'new-password' | 'current-password';
  hints?: { email?: string; password?: string };
  button: string;
  /** Further fields. */
  children?: ComponentChildren;
};

/** The form for email and password. It shows errors and focuses the first field that has one. */
export function CredentialsForm({
  next,
  email,
  errors,
  password,
  hints = {},
  button,
  children,
}: Props): VNode {
  const isPasswordWrong = errors !== null && errors.email === undefined;
  return (
    <form method="post">
      {next !== null && <input type="hidden" name="next" value={next} />}
      <Field
        name="email"
        type="email"
        label="Email address"
        hint={hints.email}
        value={email}
        autoComplete="username"
        autoCapitalize="off"
        spellcheck={false}
        maxLength={190}
        required
        autoFocus={!isPasswordWrong}
        error={errorOf(errors, 'email')}
      />
      <Field
        name="password"
        type="password"
        label="Password"
        hint={hints.password}
        autoComplete={password}
        maxLength={256}
        required
        autoFocus={isPasswordWrong}
        error={errorOf(errors, 'password')}
      />
      {children}
      <p class="mfa-actions">
        <button type="submit" class="mfa-primary">
          {button}
        </button>
      </p>
    </form>
  );
}

/** The error of one field; null if it has none. */
export function errorOf(
  errors: FormErrors | null,
  field: keyof FormErrors,
): { field: string; message: string } | null {
  const message = errors?.[field];
  return message === undefined ? null : { field, message };
}

/** The address of the other form, which continues to the same place. */
export function withNext(path: string, next: string | null): string {
  return next === null ? path : `${path}?${new URLSearchParams({ next }).toString()}`;
}
