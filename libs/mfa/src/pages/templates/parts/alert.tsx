import type { VNode } from 'preact';

import type { MfaPageContext, MfaPageError } from '../../frame/page-props.js';
import { TextWithMoment } from './moment.js';

/** What went wrong with the form as a whole; what went wrong with a field stands at the field. */
export function Alert({ page, error }: { page: MfaPageContext; error: MfaPageError | null }): VNode | null {
  if (!error || error.field) return null;
  return (
    <p class="mfa-alert" role="alert">
      <Retryable page={page} message={error.message} at={error.retryAt ?? null} />
    </p>
  );
}

interface RetryableProps {
  page: MfaPageContext;
  message: string;
  /** When it makes sense to try again; null: nobody knows. */
  at: Date | null;
}

/** What went wrong. Where it is known when to try again, it says so and not "later". */
export function Retryable({ page, message, at }: RetryableProps): VNode {
  if (!at) return <>{message}</>;
  const { errorLater } = page.texts;
  const stem = message.endsWith(errorLater) ? message.slice(0, -errorLater.length).trimEnd() : message;
  return (
    <>
      {stem} <TextWithMoment page={page} text="errorRetry" at={at} isSoon />
    </>
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
