import type { MfaPageTemplate } from '../../page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Form } from '../parts/form.js';
import { NeededFactor } from '../parts/needed-factor.js';

const RemoveTotp: MfaPageTemplate<'totp/remove'> = (props) => {
  const { page, error, authenticators, isLast, isNeeded } = props;
  const { texts } = page;
  const [first] = authenticators;
  if (isNeeded && first) {
    return (
      <>
        <NeededFactor page={page} name={first.name} />
        <Back page={page} />
      </>
    );
  }
  return (
    <>
      <Alert page={page} error={error} />
      <p>{texts.totpRemoveLead}</p>
      {isLast && <p class="mfa-warning">{texts.removeLast}</p>}
      <Form page={page}>
        {authenticators.length > 1 ? (
          <fieldset>
            <legend>{texts.totpRemoveWhich}</legend>
            {authenticators.map(({ id, name }) => (
              <div class="mfa-check" key={id}>
                <input type="radio" id={id} name="id" value={id} required />
                <label for={id}>{name}</label>
              </div>
            ))}
          </fieldset>
        ) : (
          first && (
            <>
              <p>
                <strong>{first.name}</strong>
              </p>
              <input type="hidden" name="id" value={first.id} />
            </>
          )
        )}
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

export default RemoveTotp;
