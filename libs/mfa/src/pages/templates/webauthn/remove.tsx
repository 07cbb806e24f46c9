import type { MfaPageTemplate } from '../../page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Form } from '../parts/form.js';
import { NeededFactor } from '../parts/needed-factor.js';

const RemoveKey: MfaPageTemplate<'webauthn/remove'> = (props) => {
  const { page, error, authenticator, isLast, isNeeded } = props;
  const { texts } = page;
  if (isNeeded) {
    return (
      <>
        <NeededFactor page={page} name={authenticator.name} />
        <Back page={page} />
      </>
    );
  }
  return (
    <>
      <Alert page={page} error={error} />
      <p>{page.fill('webauthnRemoveLead', { name: authenticator.name })}</p>
      {isLast && <p class="mfa-warning">{texts.removeLast}</p>}
      <Form page={page}>
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary mfa-destructive">
            {texts.removeSubmit}
          </button>
        </p>
      </Form>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default RemoveKey;
