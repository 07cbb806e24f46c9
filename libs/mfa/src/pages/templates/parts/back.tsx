import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** The link back to account security. */
export function Back({ page, text }: { page: MfaPageContext; text?: string }): VNode {
  return (
    <p class="mfa-back">
      <a href={page.link('')}>{text ?? page.texts.backToSecurity}</a>
    </p>
  );
}
