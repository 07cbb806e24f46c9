import type { VNode } from 'preact';

import type { MfaPlainPageText } from '../../../i18n/page-texts.js';
import type { MfaPageContext } from '../../frame/page-props.js';

/** A moment in UTC; the script shows it in the reader's own time zone. */
export function Moment({ page, at }: { page: MfaPageContext; at: Date }): VNode {
  return (
    <time dateTime={at.toISOString()} data-mfa-local>
      {page.formatDate(at)}
    </time>
  );
}

/** A text with a moment in the place of its `{time}`. */
export function TextWithMoment({
  page,
  text,
  at,
}: {
  page: MfaPageContext;
  text: MfaPlainPageText;
  at: Date;
}): VNode {
  const [before = '', after = ''] = page.texts[text].split('{time}');
  return (
    <>
      {before}
      <Moment page={page} at={at} />
      {after}
    </>
  );
}
