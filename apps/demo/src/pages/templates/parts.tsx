import type { ComponentChildren, VNode } from 'preact';

import type { Site } from '../site.js';

/** Tells a user who is about to sign in that they are already signed in. */
export function SignedIn({ site: { user } }: { site: Site }): VNode | null {
  return (
    user && (
      <p class="mfa-notice">
        You are signed in as {user.email}. Go to your <a href="/profile">profile</a>, or sign in as somebody
        else.
      </p>
    )
  );
}

/** A button rather than a link, since signing out changes state. */
export function SignOut(): VNode {
  return (
    <form method="post" action="/logout">
      <button type="submit">Sign out</button>
    </form>
  );
}

const FORMAT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** Date and time in UTC, as on the library's pages; the site's only script converts them to the reader's time zone. */
export function Moment({ at }: { at: number }): VNode {
  return (
    <time dateTime={new Date(at).toISOString()} data-demo-local>
      {`${FORMAT.format(at)} UTC`}
    </time>
  );
}

/** The frame of a protected page: its content, what protects it, and a way back. */
export function Guarded({ by, children }: { by: string; children: ComponentChildren }): VNode {
  return (
    <>
      {children}
      <p class="mfa-hint">
        The route behind this page has <code>{by}</code>. Asked without <code>Accept: text/html</code>, it
        answers JSON.
      </p>
      <p class="mfa-back">
        <a href="/">What else to try</a>
      </p>
    </>
  );
}
