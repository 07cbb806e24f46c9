import type { MfaPageTemplate } from '../frame/page-props.js';
import { Alert } from './parts/alert.js';
import { Field } from './parts/field.js';
import { KeyForm } from './parts/key-form.js';

/** Creates an account with a passkey. */
const SignUp: MfaPageTemplate<'sign-up'> = ({ page, next, error, name, loginUrl }) => {
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <p>{texts.signUpLead}</p>
      <KeyForm page={page} ceremony="sign-up" next={next} button={texts.signUpButton}>
        <Field
          name="name"
          type="text"
          autoComplete="username"
          autoCapitalize="off"
          spellcheck={false}
          required
          maxLength={100}
          label={texts.passkeyLabel}
          hint={texts.signUpHint}
          value={name}
          error={error}
        />
      </KeyForm>
      {loginUrl !== null && (
        <p class="mfa-back">
          <a href={loginUrl}>{texts.signUpOther}</a>
        </p>
      )}
    </>
  );
};

export default SignUp;
