import type { MfaPageTemplate } from '../frame/page-props.js';
import { Back } from './parts/back.js';
import { Form } from './parts/form.js';

/** Asks whether to reactivate a factor that was reported as lost. */
const Found: MfaPageTemplate<'found'> = ({ page, authenticator: { id, name } }) => {
  const { texts } = page;
  return (
    <>
      <p>{page.fill('foundLead', { name })}</p>
      <Form page={page}>
        <input type="hidden" name="id" value={id} />
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary">
            {texts.foundSubmit}
          </button>
        </p>
      </Form>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default Found;
