import type { PageComponent } from '../page.js';
import type { Site } from '../site.js';
import { Layout } from './layout.js';

interface Props {
  status: number;
  /** Null if the error's message means nothing to visitors. */
  message: string | null;
  /** The library's error code, if it is one of its refusals. */
  code: string | null;
}

const TITLES: Record<number, string> = {
  401: 'Sign in first',
  403: 'Not open to you',
  404: 'There is nothing here',
  429: 'Too many attempts',
  503: 'Not available now',
};

/** Explains what can't be shown and why. */
export const ErrorPage: PageComponent<Props> = ({ site, status, message, code }) => (
  <Layout
    site={site}
    title={site.isPending ? 'Second factor owed' : (TITLES[status] ?? 'Something went wrong')}
  >
    <p class="mfa-alert">{explain(site, status, code) ?? message ?? 'Something went wrong on the server.'}</p>
    <p class="mfa-hint">
      Status {status}
      {code !== null && (
        <>
          , code <code>{code}</code>
        </>
      )}
    </p>
    {!site.security.areOn && code !== null && (
      <p>
        The pages of nestjs-mfa are switched off (<code>MFA_PAGES=false</code>); what is missing can be done
        with <a href="/playground">the bare JSON routes</a>.
      </p>
    )}
    <p class="mfa-actions">
      {status === 401 && !site.isPending && (
        <a class="mfa-button mfa-primary" href="/login">
          Sign in
        </a>
      )}
      <a class="mfa-button" href="/">
        What there is to try
      </a>
    </p>
  </Layout>
);

/** Replaces messages that tell visitors too little. */
function explain({ isPending }: Site, status: number, code: string | null): string | null {
  if (isPending && status === 401) return 'Your password was right. What is missing is your second factor.';
  if (status === 403 && code === null) return 'This is for staff: addresses that end in @staff.example.com.';
  if (status === 404) return 'No page has this address.';
  return null;
}
