import type { VNode } from 'preact';

import type { MfaPageContext, MfaPageError } from '../../frame/page-props.js';
import { TextWithMoment } from './moment.js';

/** The error of the form as a whole. A field's error is shown at the field. */
export function Alert({ page, error }: { page: MfaPageContext; error: MfaPageError | null }): VNode | null {
  if (!error || error.field) return null;
  return (
    <p class="mfa-alert" role="alert">
      <Retryable page={page} message={error.message} at={error.retryAt ?? null} />
    </p>
  );
}

/** The error as one of the form as a whole, for a page that no longer has the field. */
export function withoutField(error: MfaPageError | null): MfaPageError | null {
  return error && { message: error.message, ...(error.retryAt ? { retryAt: error.retryAt } : {}) };
}

interface RetryableProps {
  page: MfaPageContext;
  message: string;
  /** When trying again makes sense; null if that isn't known. */
  at: Date | null;
}

/** An error message. If it is known when to try again, it names that time instead of "later". */
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

/** What the user has just done. */
export function Notice({ text }: { text: string | null }): VNode | null {
  return (text && (
    <p class="mfa-notice" role="status">
      {text}
    </p>
  )) as VNode | null;
}
