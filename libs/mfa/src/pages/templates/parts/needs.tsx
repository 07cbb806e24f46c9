import type { VNode } from 'preact';

import type { MfaPageTexts } from '../../../i18n/page-texts.js';
import type { PageNeed } from '../../../refusals/page-needs.js';
import type { MfaPageContext } from '../../frame/page-props.js';

const TEXTS = {
  userVerified: 'needsUserVerified',
  deviceBound: 'needsDeviceBound',
  attested: 'needsAttested',
  allOf: 'needsAllOf',
  once: 'needsOnce',
} as const satisfies Record<PageNeed, keyof MfaPageTexts>;

/** Explains why the user's earlier proof isn't enough here. */
export function Needs({ page, needs }: { page: MfaPageContext; needs: readonly PageNeed[] }): VNode {
  return (
    <>
      {needs.map((need) => (
        <p key={need}>{page.texts[TEXTS[need]]}</p>
      ))}
    </>
  );
}
