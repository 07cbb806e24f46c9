import type { VNode } from 'preact';

import type { MfaPageError } from '../../frame/page-props.js';

interface Props {
  name: string;
  label: string;
  hint?: string;
  error: MfaPageError | null;
  type?: 'text' | 'password' | 'email' | 'tel';
  value?: string;
  inputMode?: 'numeric' | 'text';
  autoComplete?: string;
  autoCapitalize?: 'off';
  spellcheck?: boolean;
  maxLength?: number;
  required?: boolean;
  autoFocus?: boolean;
}

/** A labelled input. Its hint and error are linked to it, so that screen readers read them out. */
export function Field({ name, label, hint, error, type = 'text', ...input }: Props): VNode {
  const message = error?.field === name ? error.message : null;
  const described = [hint && `${name}-hint`, message && `${name}-error`].filter(Boolean).join(' ');
  return (
    <div class="mfa-field">
      <label for={name}>{label}</label>
      {hint && (
        <p class="mfa-hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {message && (
        <p class="mfa-error" id={`${name}-error`} role="alert">
          {message}
        </p>
      )}
      <input
        type={type}
        id={name}
        name={name}
        aria-describedby={described || undefined}
        aria-invalid={message ? 'true' : undefined}
        {...input}
      />
    </div>
  );
}

/** The field for a code: with a numeric keyboard and the system's code suggestion, and room for pasted spaces. */
export function CodeField(props: Omit<Props, 'name'>): VNode {
  return (
    <Field
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoCapitalize="off"
      spellcheck={false}
      maxLength={64}
      required
      {...props}
    />
  );
}
