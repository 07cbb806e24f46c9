import type { VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import { Form } from './form.js';

/** Signing out, on every page of somebody who is signed in (ASVS v5.0.0-7.4.4). For layouts of an application's own too. */
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
