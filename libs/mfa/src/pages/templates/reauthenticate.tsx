import type { MfaPageTemplate } from '../frame/page-props.js';
import { Alert } from './parts/alert.js';
import { Back } from './parts/back.js';
import { Field } from './parts/field.js';
import { Form } from './parts/form.js';

/** Asks a user without a second factor, who is about to set one up, for the password again. */
const Reauthenticate: MfaPageTemplate<'reauthenticate'> = (props) => {
  const { page, next, error, user, canCheckPassword, loginUrl } = props;
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <p>{texts.reauthenticateLead}</p>
      {user !== null && <p>{page.fill('reauthenticateAs', { user })}</p>}
      {canCheckPassword ? (
        <Form page={page} next={next}>
          <Field
            name="password"
            type="password"
            autoComplete="current-password"
            label={texts.password}
            error={error}
            maxLength={1024}
            required
            autoFocus
          />
          <p class="mfa-actions">
            <button type="submit" class="mfa-primary">
              {texts.continue}
            </button>
          </p>
        </Form>
      ) : (
        <>
          <p>{texts.reauthenticateElsewhere}</p>
          <p class="mfa-actions">
            {loginUrl === null ? (
              <a href={page.homeUrl}>{page.site}</a>
            ) : (
              <a class="mfa-button mfa-primary" href={loginUrl}>
                {texts.signIn}
              </a>
            )}
          </p>
        </>
      )}
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default Reauthenticate;
