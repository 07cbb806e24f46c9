import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Form } from '../parts/form.js';
import { NameField } from '../parts/name-field.js';

const EditKey: MfaPageTemplate<'webauthn/edit'> = ({ page, error, name }) => {
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <Form page={page}>
        <NameField label={texts.webauthnEditLabel} error={error} value={name} required autoFocus />
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary">
            {texts.webauthnEditSubmit}
          </button>
        </p>
      </Form>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default EditKey;
