import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { EndOtherSessions } from '../parts/end-other-sessions.js';
import { CodeField } from '../parts/field.js';
import { Form } from '../parts/form.js';
import { TextWithMoment } from '../parts/moment.js';
import { NameField } from '../parts/name-field.js';

/** Sets up an authenticator app. The secret stays on the server; it is only shown here for the app. */
const AddTotp: MfaPageTemplate<'totp/add'> = (props) => {
  const { page, next, error, secret, qrCode, qrCodeWidth, expiresAt, digits, name, isFirst, replaced } =
    props;
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      {replaced !== null && <p>{page.fill('totpReplaceLead', { name: replaced })}</p>}
      <ol class="mfa-steps">
        <li>
          <p>{texts.totpStep1}</p>
          <img class="mfa-qr" src={qrCode} alt={texts.totpQr} width={qrCodeWidth} />
          <p id="secret-label">{texts.totpManual}</p>
          <p class="mfa-copyable">
            <code id="secret" class="mfa-secret notranslate">
              {secret.replace(/(.{4})(?=.)/g, '$1 ')}
            </code>
            <button type="button" data-mfa-copy={secret} data-mfa-done={texts.copied} data-mfa-script hidden>
              {texts.copy}
            </button>
          </p>
        </li>
        <li>
          <p>{texts.totpStep2}</p>
          <Form page={page} next={next}>
            <CodeField
              label={texts.totpCode}
              hint={page.fill('totpCodeHint', { digits })}
              error={error}
              autoFocus={error !== null}
            />
            <NameField label={texts.totpName} hint={texts.totpNameHint} error={error} value={name} />
            {!isFirst && replaced === null && <EndOtherSessions page={page} />}
            <p class="mfa-hint">
              <TextWithMoment page={page} text="totpExpires" at={expiresAt} isSoon />
            </p>
            <p class="mfa-actions">
              <button type="submit" class="mfa-primary">
                {texts.totpSubmit}
              </button>
            </p>
            {isFirst && <p class="mfa-hint">{texts.totpNext}</p>}
          </Form>
        </li>
      </ol>
      <Back page={page} text={texts.cancel} />
    </>
  );
};

export default AddTotp;
