import type { VNode } from 'preact';

import type { MfaPlainPageText } from '../../../i18n/page-texts.js';
import type { MfaPageContext } from '../../frame/page-props.js';

interface Props {
  page: MfaPageContext;
  at: Date;
  /** Whether it is only minutes away; the script then omits the date, unless it is on another day. */
  isSoon?: boolean;
}

/** A time in UTC, which the script converts to the reader's time zone. */
export function Moment({ page, at, isSoon = false }: Props): VNode {
  // From a damaged row, without which the rest of the page is as useful as ever.
  if (Number.isNaN(at.getTime())) return <span>–</span>;
  return (
    <time dateTime={at.toISOString()} data-mfa-local={isSoon ? 'soon' : ''}>
      {page.formatDate(at)}
    </time>
  );
}

/** A text with a time in place of its `{time}`. */
export function TextWithMoment({ text, ...moment }: Props & { text: MfaPlainPageText }): VNode {
  const [before = '', after = ''] = moment.page.texts[text].split('{time}');
  return (
    <>
      {before}
      <Moment {...moment} />
      {after}
    </>
  );
}
