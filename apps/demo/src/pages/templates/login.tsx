import { Notice } from 'nestjs-mfa/pages';

import type { PageComponent } from '../page.js';
import { AFTER_SIGN_IN } from '../sign-in.service.js';
import type { CredentialsProps } from './credentials-fields.js';
import { CredentialsForm, withNext } from './credentials-fields.js';
import { Layout } from './layout.js';
import { SignedIn } from './parts.js';

type Props = CredentialsProps & {
  /** Whether the user has just signed out. */
  hasSignedOut: boolean;
};

export const LoginPage: PageComponent<Props> = ({ site, hasSignedOut, ...form }) => {
  const passkey = site.options.passkeyLogin
    ? site.security.link('passkey', form.next ?? AFTER_SIGN_IN)
    : null;
  return (
    <Layout site={site} title="Sign in">
      <SignedIn site={site} />
      {hasSignedOut && !site.user && <Notice text="You’re signed out." />}
      <CredentialsForm {...form} password="current-password" button="Sign in" />
      {passkey !== null && (
        <>
          <p class="mfa-or">or</p>
          <p class="mfa-actions">
            <a class="mfa-button" href={passkey}>
              Sign in with a passkey
            </a>
          </p>
        </>
      )}
      <p class="mfa-back">
        No account yet? <a href={withNext('/register', form.next)}>Create one</a>
      </p>
    </Layout>
  );
};
