import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Alert, withoutField } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Begun } from '../parts/begun.js';
import { EndOtherSessions } from '../parts/end-other-sessions.js';
import { CodeField } from '../parts/field.js';
import { Form } from '../parts/form.js';
import { TextWithMoment } from '../parts/moment.js';
import { NameField } from '../parts/name-field.js';

/** Sets up a factor of the option `factors`: requests the first code, and enters it. */
const AddFactor: MfaPageTemplate<'factors/add'> = (props) => {
  const { page, next, error, label, begun, isSent, isRestricted, name, isFirst } = props;
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={begun === null ? withoutField(error) : error} />
      <p>
        <strong>{label}</strong>
      </p>
      {isRestricted && <p class="mfa-warning">{texts.factorRestricted}</p>}
      {begun === null ? (
        <p>{isSent ? texts.factorSendLead : texts.factorBeginLead}</p>
      ) : (
        <>
          <Begun page={page} answer={begun} />
          <Form page={page} next={next}>
            <CodeField label={texts.factorCode} error={error} autoFocus />
            <NameField label={texts.totpName} hint={texts.factorNameHint} error={error} value={name} />
            {!isFirst && <EndOtherSessions page={page} />}
            {begun.expiresAt !== null && (
              <p class="mfa-hint">
                <TextWithMoment page={page} text="factorExpires" at={begun.expiresAt} isSoon />
              </p>
            )}
            <p class="mfa-actions">
              <button type="submit" class="mfa-primary">
                {texts.factorSubmit}
              </button>
            </p>
            {isFirst && <p class="mfa-hint">{texts.totpNext}</p>}
          </Form>
        </>
      )}
      <Form page={page} next={next}>
        <p class="mfa-actions">
          <button type="submit" name="begin" value="1" class={begun === null ? 'mfa-primary' : 'mfa-link'}>
            {begun !== null ? texts.factorAgain : isSent ? texts.codeSend : texts.continue}
          </button>
        </p>
      </Form>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default AddFactor;
