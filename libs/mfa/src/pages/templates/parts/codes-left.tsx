import type { VNode } from 'preact';

import { areFewCodesLeft } from '../../../core/policy/codes-left.js';
import type { MfaPageContext } from '../../frame/page-props.js';

interface Props {
  page: MfaPageContext;
  total: number;
  remaining: number;
}

/** How many recovery codes are left; a warning as soon as a mail has warned too. Of a small set that is whole, none. */
export function CodesLeft({ page, total, remaining }: Props): VNode {
  const isWarning = remaining < total && areFewCodesLeft(remaining);
  return <p class={isWarning ? 'mfa-warning' : undefined}>{textOf({ page, total, remaining }, isWarning)}</p>;
}

function textOf({ page, total, remaining }: Props, isWarning: boolean): string {
  if (total === 0) return page.texts.codesNone;
  if (remaining === 0) return page.texts.codesUsedUp;
  return isWarning ? page.fill('codesFew', { remaining }) : page.fill('codesRemaining', { total, remaining });
}
