import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Checkbox } from '../parts/checkbox.js';
import { EndOtherSessions } from '../parts/end-other-sessions.js';
import { KeyForm } from '../parts/key-form.js';
import { NameField } from '../parts/name-field.js';

const AddKey: MfaPageTemplate<'webauthn/add'> = (props) => {
  const { page, next, error, name, passwordless, offersPasskeys, isFirst } = props;
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <p>{texts.webauthnAddLead}</p>
      <KeyForm page={page} ceremony="create" next={next} button={texts.webauthnSubmit}>
        <NameField label={texts.webauthnName} hint={texts.webauthnNameHint} error={error} value={name} />
        {offersPasskeys && (
          <Checkbox
            id="passwordless"
            name="passwordless"
            label={texts.webauthnPasswordless}
            hint={texts.webauthnPasswordlessHint}
            checked={passwordless}
          />
        )}
        {!isFirst && <EndOtherSessions page={page} />}
      </KeyForm>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default AddKey;
