import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import { Form } from './form.js';

/** The sign-out button, on every page of a signed-in user (ASVS v5.0.0-7.4.4). For an application's own layouts too. */
export function SignOut({ page }: { page: MfaPageContext }): VNode | null {
  if (!page.isSignedIn) return null;
  return (
    <nav class="mfa-footer mfa-no-print" aria-label={page.texts.signOut}>
      <Form page={page} action={page.link('sign-out')}>
        <button type="submit">{page.texts.signOut}</button>
      </Form>
    </nav>
  );
}
