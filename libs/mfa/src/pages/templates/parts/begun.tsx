import type { VNode } from 'preact';

import type { BegunAnswer } from '../../frame/begun-setups.js';
import type { MfaPageContext } from '../../frame/page-props.js';

/** What a factor answered to a new set-up or challenge: where a code was sent, and what the user has to read. */
export function Begun({
  page,
  answer,
}: {
  page: MfaPageContext;
  answer: Pick<BegunAnswer, 'destination' | 'details'>;
}): VNode {
  const { destination, details } = answer;
  return (
    <>
      {destination !== null && <p>{page.fill('codeSentTo', { destination })}</p>}
      {details.map(([term, value]) => (
        <p key={term}>
          {term}: <code class="notranslate">{value}</code>
        </p>
      ))}
    </>
  );
}
