import type { VNode } from 'preact';

import type { ListedAuthenticator, MfaPageContext, PageError } from '../../page-props.js';
import { Alert } from './alert.js';
import { Back } from './back.js';
import { Form } from './form.js';
import { NeededFactor } from './needed-factor.js';

interface Props {
  page: MfaPageContext;
  error: PageError | null;
  /** Those of which one is removed. */
  authenticators: readonly ListedAuthenticator[];
  isLast: boolean;
  isNeeded: boolean;
  /** What it means. */
  lead: string;
}

/** Asks whether a factor is to be removed, and which one of several. */
export function Removal({ page, error, authenticators, isLast, isNeeded, lead }: Props): VNode {
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
      <p>{lead}</p>
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
}
