import type { MfaPageTemplate } from '../frame/page-props.js';
import { Alert } from './parts/alert.js';
import { Field } from './parts/field.js';
import { KeyForm } from './parts/key-form.js';

/** Signs in with a passkey alone, through the button or the field's suggestions (conditional mediation). */
const Passkey: MfaPageTemplate<'passkey'> = ({ page, next, error, loginUrl }) => {
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <p>{texts.passkeyLead}</p>
      <KeyForm page={page} ceremony="passkey" next={next} button={texts.passkeyButton}>
        <Field
          name="username"
          type="text"
          autoComplete="username webauthn"
          autoCapitalize="off"
          spellcheck={false}
          label={texts.passkeyLabel}
          hint={texts.passkeyHint}
          error={null}
        />
      </KeyForm>
      {loginUrl !== null && (
        <p class="mfa-back">
          <a href={loginUrl}>{texts.passkeyOther}</a>
        </p>
      )}
    </>
  );
};

export default Passkey;
