import type { ComponentChildren, VNode } from 'preact';

import type { ListedAuthenticator, MfaPageContext, MfaPageError } from '../../frame/page-props.js';
import { Alert } from './alert.js';
import { Back } from './back.js';
import { ChooseOne } from './choose-one.js';
import { Form } from './form.js';
import { NeededFactor } from './needed-factor.js';

interface Props {
  page: MfaPageContext;
  error: MfaPageError | null;
  /** The name of the factor that may be required; undefined if there is none. */
  name: string | undefined;
  isLast: boolean;
  isNeeded: boolean;
  /** What removing it means. */
  lead: string;
  /** Texts and fields of the form, above its button. */
  children?: ComponentChildren;
}

/** Asks whether to remove a factor. */
export function Removal({ page, error, name, isLast, isNeeded, lead, children }: Props): VNode {
  const { texts } = page;
  if (isNeeded && name !== undefined) {
    return (
      <>
        <NeededFactor page={page} name={name} />
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
        {children}
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

interface OneOfProps extends Omit<Props, 'name' | 'children'> {
  authenticators: readonly ListedAuthenticator[];
}

/** Asks whether to remove one of these factors and, if there are several, which one. */
export function RemovalOfOne({ authenticators, ...props }: OneOfProps): VNode {
  const [first] = authenticators;
  return (
    <Removal {...props} name={first?.name}>
      <ChooseOne legend={props.page.texts.totpRemoveWhich} authenticators={authenticators} />
    </Removal>
  );
}
