import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import { Fact } from './fact.js';
import { Moment } from './moment.js';

/** When something was last used, as a row of its details. */
export function LastUsed({ page, at }: { page: MfaPageContext; at: Date | null }): VNode {
  const { texts } = page;
  if (at) {
    return (
      <Fact name={texts.lastUsed}>
        <Moment page={page} at={at} />
      </Fact>
    );
  }
  // The text is clear on its own, but an entry of a `<dl>` needs a name.
  return (
    <div>
      <dt class="mfa-hidden">{texts.lastUsed}</dt>
      <dd>{texts.neverUsed}</dd>
    </div>
  );
}
