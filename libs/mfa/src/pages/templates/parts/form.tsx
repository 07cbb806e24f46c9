import type { ComponentChildren, FormHTMLAttributes, VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';

type Props = FormHTMLAttributes & {
  page: MfaPageContext;
  /** Where to continue afterwards. */
  next?: string | null;
  children?: ComponentChildren;
};

/** A form that is sent to its own page's URL, with the token that proves that it came from there. */
export function Form({ page, next = null, children, ...form }: Props): VNode {
  return (
    <form method="post" {...form}>
      <input type="hidden" name="_csrf" value={page.csrfToken} />
      {next !== null && <input type="hidden" name="next" value={next} />}
      {children}
    </form>
  );
}
