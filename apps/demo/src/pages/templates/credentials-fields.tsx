import type { VNode } from 'preact';
import { Field } from 'nestjs-mfa/pages';

import type { FormErrors } from '../credentials-form.js';

export interface CredentialsProps {
  /** A path of this site to go on to; null: the profile. */
  next: string | null;
  /** What was typed before. */
  email: string;
  errors: FormErrors | null;
}

type Props = CredentialsProps & {
  /** New, so that the browser offers to make one, or the one it has kept. */
  password: 'new-password' | 'current-password';
  hints?: { email?: string; password?: string };
  button: string;
};

/** The form for address and password; where something is wrong, it says so and takes the focus there. */
export function CredentialsForm({ next, email, errors, password, hints = {}, button }: Props): VNode {
  const errorOf = (field: 'email' | 'password') => {
    const message = errors?.[field];
    return message === undefined ? null : { field, message };
  };
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
        error={errorOf('email')}
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
        error={errorOf('password')}
      />
      <p class="mfa-actions">
        <button type="submit" class="mfa-primary">
          {button}
        </button>
      </p>
    </form>
  );
}

/** The address of the other form, which leads to the same place. */
export function withNext(path: string, next: string | null): string {
  return next === null ? path : `${path}?${new URLSearchParams({ next }).toString()}`;
}
