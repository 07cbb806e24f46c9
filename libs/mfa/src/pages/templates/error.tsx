import type { MfaPageTemplate } from '../frame/page-props.js';
import { Retryable } from './parts/alert.js';
import { Back } from './parts/back.js';

/** The page shown instead of one that can't be shown. */
const ErrorPage: MfaPageTemplate<'error'> = ({ page, message, retryAt, oldForm }) => {
  const { texts } = page;
  const isSuperseded = oldForm?.kind === 'superseded';
  const oldFormText = isSuperseded ? texts.errorSuperseded : texts.errorOldForm;
  return (
    <>
      <p class="mfa-alert" role="alert">
        {oldForm === null ? (
          <Retryable page={page} message={message ?? texts.errorUnexpected} at={retryAt} />
        ) : (
          oldFormText
        )}
      </p>
      {oldForm !== null && (
        <p class="mfa-actions">
          <a class="mfa-button mfa-primary" href={oldForm.href}>
            {isSuperseded ? texts.continue : texts.loadAgain}
          </a>
        </p>
      )}
      <Back page={page} />
    </>
  );
};

export default ErrorPage;
