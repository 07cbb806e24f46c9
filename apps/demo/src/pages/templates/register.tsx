import { Field } from 'nestjs-mfa/pages';

import type { PageComponent } from '../page.js';
import { AFTER_SIGN_IN } from '../sign-in.service.js';
import type { CredentialsProps } from './credentials-fields.js';
import { CredentialsForm, errorOf, withNext } from './credentials-fields.js';
import { Layout } from './layout.js';
import { SignedIn } from './parts.js';

const HINTS = {
  email: 'Any address will do: no mail leaves this computer. One that ends in @staff.example.com is staff.',
  password: '8 characters or more.',
  phone: 'For codes by text message, with the country code. No message leaves this computer either.',
};

type Props = CredentialsProps & {
  /** The phone number that the user entered before. */
  phone: string;
};

export const RegisterPage: PageComponent<Props> = ({ site, phone, ...form }) => {
  const passkey = site.options.passkeySignUp
    ? site.security.link('sign-up', form.next ?? AFTER_SIGN_IN)
    : null;
  return (
    <Layout site={site} title="Create an account">
      <SignedIn site={site} />
      <CredentialsForm {...form} password="new-password" hints={HINTS} button="Create account">
        {site.options.supportedTypes.includes('sms_code') && (
          <Field
            name="phone"
            type="tel"
            label="Phone number (optional)"
            hint={HINTS.phone}
            value={phone}
            autoComplete="tel"
            maxLength={40}
            error={errorOf(form.errors, 'phone')}
          />
        )}
      </CredentialsForm>
      {passkey !== null && (
        <>
          <p class="mfa-or">or</p>
          <p class="mfa-actions">
            <a class="mfa-button" href={passkey}>
              Create one with a passkey
            </a>
          </p>
        </>
      )}
      <p class="mfa-back">
        You have one already? <a href={withNext('/login', form.next)}>Sign in</a>
      </p>
    </Layout>
  );
};
