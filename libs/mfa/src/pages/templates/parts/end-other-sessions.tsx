import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import { Checkbox } from './checkbox.js';

/** Offers to sign out everywhere else along with a change (ASVS v5.0.0-7.4.3). */
export function EndOtherSessions({ page }: { page: MfaPageContext }): VNode {
  return <Checkbox id="endOtherSessions" name="endOtherSessions" label={page.texts.endOtherSessions} />;
}
