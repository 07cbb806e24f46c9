import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** In place of the form that removes a factor, where there has to be another one before: why, and where to add it. */
export function NeededFactor({ page, name }: { page: MfaPageContext; name: string }): VNode {
  return (
    <>
      <p>
        <strong>{name}</strong>
      </p>
      <p class="mfa-warning">{page.texts.removeNeeded}</p>
      <p class="mfa-actions">
        <a class="mfa-button" href={page.link('')}>
          {page.texts.addAnother}
        </a>
      </p>
    </>
  );
}
