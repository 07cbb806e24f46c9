import type { MfaPageTemplate } from '../frame/page-props.js';
import { Alert } from './parts/alert.js';
import { Back } from './parts/back.js';
import { ChooseOne } from './parts/choose-one.js';
import { Form } from './parts/form.js';

/** Asks which factor was lost, and explains what happens next. */
const Lost: MfaPageTemplate<'lost'> = ({ page, authenticators, hasSuspended, next, isPending, error }) => {
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      {authenticators.length === 0 ? (
        <p>{hasSuspended ? texts.lostAll : texts.lostNothing}</p>
      ) : (
        <>
          <p>{texts.lostLead}</p>
          <p>{texts.lostNext}</p>
          <Form page={page} next={next}>
            <ChooseOne legend={texts.lostWhich} authenticators={authenticators} />
            <p class="mfa-actions">
              <button type="submit" class="mfa-primary mfa-destructive">
                {texts.lostSubmit}
              </button>
            </p>
          </Form>
        </>
      )}
      {isPending ? (
        <p class="mfa-back">
          <a href={page.link('authenticate', { next })}>{texts.cancel}</a>
        </p>
      ) : (
        <Back page={page} text={texts.cancel} />
      )}
    </>
  );
};

export default Lost;
