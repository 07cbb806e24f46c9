import type { MfaPageTemplate } from '../page-props.js';
import { Back } from './parts/back.js';
import { TextWithMoment } from './parts/moment.js';

/** What a page that can't be shown shows instead. */
const ErrorPage: MfaPageTemplate<'error'> = ({ page, message, retryAt }) => (
  <>
    <p class="mfa-alert" role="alert">
      {message ?? page.texts.errorUnexpected}
    </p>
    {retryAt && (
      <p>
        <TextWithMoment page={page} text="errorRetry" at={retryAt} />
      </p>
    )}
    <Back page={page} />
  </>
);

export default ErrorPage;
