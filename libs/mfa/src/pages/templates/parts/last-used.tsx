import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import { Fact } from './fact.js';
import { Moment } from './moment.js';

/** When something was used last, as one line of what is known of it. */
export function LastUsed({ page, at }: { page: MfaPageContext; at: Date | null }): VNode {
  const { texts } = page;
  if (at) {
    return (
      <Fact name={texts.lastUsed}>
        <Moment page={page} at={at} />
      </Fact>
    );
  }
  // The text says it all to the eye; in the list it needs a name.
  return (
    <div>
      <dt class="mfa-hidden">{texts.lastUsed}</dt>
      <dd>{texts.neverUsed}</dd>
    </div>
  );
}
