import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** What users who would otherwise be refused must do before they can add a second factor. */
export function VerifyEmail({ page }: { page: MfaPageContext }): VNode {
  return (
    <p class="mfa-warning">
      {page.texts.verifyEmail} <a href={page.homeUrl}>{page.fill('goToSite', { site: page.site })}</a>
    </p>
  );
}
