import type { VNode } from 'preact';

interface Props {
  id: string;
  /** Without a name, the checkbox isn't sent. */
  name?: string;
  label: string;
  hint?: string;
  checked?: boolean;
  required?: boolean;
  'data-mfa-saves'?: boolean;
}

export function Checkbox({ id, label, hint, ...input }: Props): VNode {
  return (
    <div class="mfa-check">
      <input type="checkbox" id={id} aria-describedby={hint ? `${id}-hint` : undefined} {...input} />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="mfa-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
