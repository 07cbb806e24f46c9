import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

/** Replaces the form that removes a factor if another one is needed first: explains why, and links to where to add it. */
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
