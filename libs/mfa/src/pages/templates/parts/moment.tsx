import type { VNode } from 'preact';

import type { MfaPlainPageText } from '../../../i18n/page-texts.js';
import type { MfaPageContext } from '../../frame/page-props.js';

interface Props {
  page: MfaPageContext;
  at: Date;
  /** Whether it is minutes away: then the script leaves out the day, unless that is another one. */
  isSoon?: boolean;
}

/** A moment in UTC; the script shows it in the reader's own time zone. */
export function Moment({ page, at, isSoon = false }: Props): VNode {
  return (
    <time dateTime={at.toISOString()} data-mfa-local={isSoon ? 'soon' : ''}>
      {page.formatDate(at)}
    </time>
  );
}

/** A text with a moment in the place of its `{time}`. */
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
