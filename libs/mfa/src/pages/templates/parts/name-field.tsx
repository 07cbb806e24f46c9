import type { VNode } from 'preact';

import type { MfaPageError } from '../../frame/page-props.js';
import { Field } from './field.js';

interface Props {
  label: string;
  hint?: string;
  error: MfaPageError | null;
  value: string;
  required?: boolean;
  autoFocus?: boolean;
}

/** The field for an authenticator's name. */
export function NameField(props: Props): VNode {
  return <Field name="name" maxLength={100} autoComplete="off" {...props} />;
}
