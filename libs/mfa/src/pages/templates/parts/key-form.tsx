import type { ComponentChildren, VNode } from 'preact';

import type { MfaPageContext } from '../../frame/page-props.js';
import type { PageNeed } from '../../../refusals/page-needs.js';
import { Form } from './form.js';

interface Props {
  page: MfaPageContext;
  /** The ceremony that the script runs before it sends the form with the result. */
  ceremony: 'create' | 'get' | 'passkey' | 'sign-up';
  next: string | null;
  button: string;
  /** What the key must show, besides belonging to the user. */
  needs?: readonly PageNeed[];
  children?: ComponentChildren;
}

/**
 * A form that the script fills with the response of a security key or passkey. Without the script its button is hidden, and a text
 * explains why.
 */
export function KeyForm({ page, ceremony, next, button, needs = [], children }: Props): VNode {
  const { texts } = page;
  return (
    <>
      <noscript>
        <p class="mfa-alert">{texts.scriptNeeded}</p>
      </noscript>
      <Form
        page={page}
        next={next}
        data-mfa-ceremony={ceremony}
        data-mfa-needs={needs.length > 0 ? needs.join(' ') : undefined}
        data-cancelled={texts.ceremonyCancelled}
        data-unsupported={texts.ceremonyUnsupported}
        data-failed={texts.ceremonyFailed}
      >
        <input type="hidden" name="credential" value="" />
        {children}
        <p class="mfa-alert" role="alert" data-mfa-message hidden></p>
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary" data-mfa-script hidden>
            {button}
          </button>
        </p>
      </Form>
    </>
  );
}
