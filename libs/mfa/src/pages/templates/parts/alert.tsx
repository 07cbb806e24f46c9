import type { VNode } from 'preact';

import type { MfaPageContext, MfaPageError } from '../../frame/page-props.js';
import { TextWithMoment } from './moment.js';

/** What went wrong with the form as a whole; what went wrong with a field stands at the field. */
export function Alert({ page, error }: { page: MfaPageContext; error: MfaPageError | null }): VNode | null {
  if (!error || error.field) return null;
  return (
    <p class="mfa-alert" role="alert">
      {error.message}
      {error.retryAt && (
        <>
          {' '}
          <TextWithMoment page={page} text="errorRetry" at={error.retryAt} />
        </>
      )}
    </p>
  );
}

/** What was just done. */
export function Notice({ text }: { text: string | null }): VNode | null {
  return (text && (
    <p class="mfa-notice" role="status">
      {text}
    </p>
  )) as VNode | null;
}
