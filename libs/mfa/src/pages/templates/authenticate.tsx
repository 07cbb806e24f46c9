import type { ComponentChildren, VNode } from 'preact';

import type { MfaPageContext, MfaPageProps, MfaPageTemplate } from '../frame/page-props.js';
import { Alert } from './parts/alert.js';
import { Back } from './parts/back.js';
import { Checkbox } from './parts/checkbox.js';
import { CodeField } from './parts/field.js';
import { Form } from './parts/form.js';
import { KeyForm } from './parts/key-form.js';
import { Needs } from './parts/needs.js';

type Props = MfaPageProps['authenticate'] & { page: MfaPageContext };

/** Confirming with a second factor: to finish a sign-in, or to step up. */
const Authenticate: MfaPageTemplate<'authenticate'> = (props) => {
  const { page, next, methods, sent, own, challenge, only, needs, byRecoveryCode, isPending, error } = props;
  const { texts } = page;
  const has = (method: string) => methods.some((one) => one === method);
  const showsRecovery = has('recovery_codes') && (byRecoveryCode || methods.length === 1);
  const showsKey = has('webauthn') && !showsRecovery;
  const hasSent = challenge !== null && has(challenge.type);
  const showsCode = (has('totp') || own.length > 0 || hasSent) && !showsRecovery;
  const other = showsRecovery ? methods.length > 1 : has('recovery_codes');
  return (
    <>
      <Alert page={page} error={error} />
      <Needs page={page} needs={needs} />
      {methods.length === 0 && <p>{texts.authenticateNothing}</p>}
      {showsKey && <ByKey {...props} asksForTrust={!showsCode} />}
      {showsKey && showsCode && <p class="mfa-or">{texts.authenticateOr}</p>}
      {showsCode && (
        <ByCode {...props}>
          {hasSent && challenge.answer.destination !== null && (
            <p>{page.fill('codeSentTo', { destination: challenge.answer.destination })}</p>
          )}
          <CodeField
            label={codeLabel(props, hasSent)}
            {...(has('totp') ? { hint: page.fill('authenticateCodeHint', { digits: props.digits }) } : {})}
            error={error}
            autoFocus={!showsKey || error !== null}
          />
        </ByCode>
      )}
      {!showsRecovery &&
        sent.map(({ type, label }) => (
          <Form key={type} page={page} next={next}>
            <p class="mfa-actions">
              <button
                type="submit"
                name="send"
                value={type}
                class={showsCode || showsKey ? '' : 'mfa-primary'}
              >
                {page.fill(challenge?.type === type ? 'authenticateSendAgain' : 'authenticateSend', {
                  factor: label,
                })}
              </button>
            </p>
          </Form>
        ))}
      {showsRecovery && (
        <ByCode {...props}>
          <CodeField
            label={texts.authenticateRecoveryLabel}
            hint={texts.authenticateRecoveryHint}
            error={error}
            inputMode="text"
            autoComplete="off"
            autoFocus
          />
          <Checkbox id="newCodes" name="newCodes" label={texts.authenticateNewCodes} />
        </ByCode>
      )}
      {other && (
        <p>
          <a
            href={page.link(
              'authenticate',
              showsRecovery
                ? { next, method: only, needs: needs.join(',') }
                : { next, method: 'recovery_codes', only, needs: needs.join(',') },
            )}
          >
            {showsRecovery ? texts.authenticateUseOther : texts.authenticateUseRecovery}
          </a>
        </p>
      )}
      {isPending ? (
        <Form page={page} class="mfa-back">
          <button type="submit" class="mfa-link" name="cancel" value="1">
            {texts.authenticateCancel}
          </button>
        </Form>
      ) : (
        <Back page={page} text={texts.cancel} />
      )}
    </>
  );
};

/** Of which factor the code is that is asked for; one field takes all of them. */
function codeLabel({ page, methods, own }: Props, hasSent: boolean): string {
  if (hasSent) return page.texts.authenticateSentLabel;
  if (methods.some((type) => type === 'totp')) return page.texts.authenticateCodeLabel;
  return page.fill('authenticateOwnLabel', { factor: own.map(({ label }) => label).join(', ') });
}

/** Where a code would do too, its form asks for trust, and the script takes the answer along. */
function ByKey({ asksForTrust, ...props }: Props & { asksForTrust: boolean }): VNode {
  const { page, next, needs } = props;
  return (
    <section>
      <p>{page.texts.authenticateKeyLead}</p>
      <KeyForm page={page} ceremony="get" next={next} needs={needs} button={page.texts.authenticateKeyButton}>
        {asksForTrust && <Trust {...props} />}
      </KeyForm>
    </section>
  );
}

function ByCode({ children, ...props }: Props & { children: ComponentChildren }): VNode {
  const { page, next } = props;
  return (
    <section>
      <Form page={page} next={next}>
        {children}
        <Trust {...props} />
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary">
            {page.texts.authenticateSubmit}
          </button>
        </p>
      </Form>
    </section>
  );
}

function Trust({ page, trustDays }: Props): VNode | null {
  if (trustDays === null) return null;
  return (
    <Checkbox
      id="trustDevice"
      name="trustDevice"
      label={page.fill('authenticateTrust', { days: trustDays })}
      hint={page.texts.authenticateTrustHint}
    />
  );
}

export default Authenticate;
