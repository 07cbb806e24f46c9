import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** The support contact below every page, if the application names one. */
export function Support({ page }: { page: MfaPageContext }): VNode | null {
  if (!page.support) return null;
  const { text, href } = page.support;
  const [before = '', after = ''] = page.texts.support.split('{contact}');
  return (
    <footer class="mfa-footer">
      <p>
        {before}
        {href === null ? text : <a href={href}>{text}</a>}
        {after}
      </p>
    </footer>
  );
}
