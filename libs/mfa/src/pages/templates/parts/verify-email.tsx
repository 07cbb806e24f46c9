import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** What has to be done before a second factor can be added, for who would be refused otherwise. */
export function VerifyEmail({ page }: { page: MfaPageContext }): VNode {
  return (
    <p class="mfa-warning">
      {page.texts.verifyEmail} <a href={page.homeUrl}>{page.fill('goToSite', { site: page.site })}</a>
    </p>
  );
}
