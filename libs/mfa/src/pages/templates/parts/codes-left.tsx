import type { VNode } from 'preact';

import { areFewCodesLeft } from '../../../core/policy/codes-left.js';
import type { MfaPageContext } from '../../frame/page-props.js';

interface Props {
  page: MfaPageContext;
  total: number;
  remaining: number;
}

/**
 * How many recovery codes are left. It becomes a warning when the email warning is sent, but not for a small set of which none was used.
 */
export function CodesLeft({ page, total, remaining }: Props): VNode {
  const isWarning = remaining < total && areFewCodesLeft(remaining);
  return <p class={isWarning ? 'mfa-warning' : undefined}>{textOf({ page, total, remaining }, isWarning)}</p>;
}

function textOf({ page, total, remaining }: Props, isWarning: boolean): string {
  if (total === 0) return page.texts.codesNone;
  if (remaining === 0) return page.texts.codesUsedUp;
  return isWarning ? page.fill('codesFew', { remaining }) : page.fill('codesRemaining', { total, remaining });
}
