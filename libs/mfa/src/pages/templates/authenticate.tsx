import type { ComponentChildren, VNode } from 'preact';

import type { MfaPageTexts } from '../../i18n/page-texts.js';
import type { AuthenticateProps as Props } from '../frame/factor-part.js';
import type { ChallengingFactor, MfaPageTemplate } from '../frame/page-props.js';
import { backupPartOf, partOf } from './factor-parts.js';
import { Alert, Notice, withoutField } from './parts/alert.js';
import { Back } from './parts/back.js';
import { Begun } from './parts/begun.js';
import { Checkbox } from './parts/checkbox.js';
import { CodeField } from './parts/field.js';
import { Form } from './parts/form.js';
import { Needs } from './parts/needs.js';

/** Confirms with a second factor, to complete a sign-in or to step up. */
const Authenticate: MfaPageTemplate<'authenticate'> = (props) => {
  const { page, next, methods, sent, own, challenge, only, needs, byBackup } = props;
  const { isPending, backupTrusts, error, notice } = props;
  const { texts } = page;
  const backup = methods.map(backupPartOf).find((part) => part !== undefined);
  const shownBackup = byBackup || methods.length === 1 ? backup : undefined;
  const parts = shownBackup ? [] : methods.map(partOf);
  const ceremonies = parts.flatMap(({ type, Ceremony }) => (Ceremony ? [{ type, Ceremony }] : []));
  const field = parts.find(({ codeField }) => codeField)?.codeField?.(props);
  const challenged = challenge && sent.find(({ type }) => type === challenge.type);
  const showsCode = (field !== undefined || own.length > 0 || challenged) && !shownBackup;
  const showsKey = ceremonies.length > 0;
  const other = shownBackup ? methods.length > 1 : backup !== undefined;
  return (
    <>
      <Notice text={notice} />
      <Alert page={page} error={showsCode || shownBackup ? error : withoutField(error)} />
      <Needs page={page} needs={needs} />
      {methods.length === 0 && <p>{texts.authenticateNothing}</p>}
      {ceremonies.map(({ type, Ceremony }) => (
        // If a code is accepted too, the trust checkbox is in its form, and the script copies the answer.
        <Ceremony key={type} {...props}>
          {!showsCode && <Trust {...props} />}
        </Ceremony>
      ))}
      {showsKey && showsCode && <p class="mfa-or">{texts.authenticateOr}</p>}
      {showsCode && (
        <ByCode {...props} exceptBackup={backup !== undefined && !backupTrusts}>
          {challenged && <Begun page={page} answer={challenge.answer} />}
          <CodeField
            label={challenged ? challengeLabel(props, challenged) : (field?.label ?? ownLabel(props))}
            {...(field ? { hint: field.hint } : {})}
            error={error}
            autoFocus={!showsKey || error !== null}
          />
        </ByCode>
      )}
      {!shownBackup &&
        sent.map((one) => (
          <Form key={one.type} page={page} next={next}>
            <p class="mfa-actions">
              <button
                type="submit"
                name="send"
                value={one.type}
                class={showsCode || showsKey ? '' : 'mfa-primary'}
              >
                {page.fill(challengeText(one, one === challenged), { factor: one.label })}
              </button>
            </p>
          </Form>
        ))}
      {shownBackup && (
        <ByCode {...props}>
          <shownBackup.Fields {...props} />
        </ByCode>
      )}
      {other && backup && (
        <p class="mfa-links">
          <a
            href={page.link(
              'authenticate',
              shownBackup
                ? { next, method: only, needs: needs.join(',') }
                : { next, method: backup.type, only, needs: needs.join(',') },
            )}
          >
            {shownBackup ? texts.authenticateUseOther : texts[backup.useText]}
          </a>
        </p>
      )}
      <p class="mfa-links">
        <a href={page.link('lost', { next })}>{texts.authenticateLost}</a>
      </p>
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

/** The text of the button that challenges the user. */
function challengeText({ isMessage }: ChallengingFactor, isAgain: boolean): keyof MfaPageTexts {
  if (isMessage) return isAgain ? 'authenticateSendAgain' : 'authenticateSend';
  return isAgain ? 'authenticateChallengeAgain' : 'authenticateChallenge';
}

function challengeLabel({ page }: Props, { isMessage, label }: ChallengingFactor): string {
  return isMessage ? page.texts.authenticateSentLabel : page.fill('authenticateOwnLabel', { factor: label });
}

/** The label naming the factors whose code is accepted; one field takes all of them. */
function ownLabel({ page, own }: Props): string {
  return page.fill('authenticateOwnLabel', { factor: own.map(({ label }) => label).join(', ') });
}

type TrustProps = Props & {
  /** Whether the form also takes recovery codes, which don't make a browser trusted. */
  exceptBackup?: boolean;
};

function ByCode({ children, ...props }: TrustProps & { children: ComponentChildren }): VNode {
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

function Trust({ page, trustDays, exceptBackup = false }: TrustProps): VNode | null {
  if (trustDays === null) return null;
  const { authenticateTrustHint: hint, authenticateTrustNoBackup: exception } = page.texts;
  return (
    <Checkbox
      id="trustDevice"
      name="trustDevice"
      label={page.fill('authenticateTrust', { days: trustDays })}
      hint={exceptBackup ? `${hint} ${exception}` : hint}
    />
  );
}

export default Authenticate;
