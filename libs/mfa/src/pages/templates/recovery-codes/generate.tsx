import type { VNode } from 'preact';

import type { MfaPageContext, MfaPageProps, MfaPageTemplate } from '../../frame/page-props.js';
import { Alert } from '../parts/alert.js';
import { Back } from '../parts/back.js';
import { Checkbox } from '../parts/checkbox.js';
import { EndOtherSessions } from '../parts/end-other-sessions.js';
import { Form } from '../parts/form.js';

type Props = MfaPageProps['recovery-codes/generate'] & { page: MfaPageContext };

/** Asks before generating new codes, and then shows them, only this once. */
const GenerateRecoveryCodes: MfaPageTemplate<'recovery-codes/generate'> = (props) =>
  props.codes ? <NewCodes {...props} codes={props.codes} /> : <Question {...props} />;

function Question({ page, next, error }: Props): VNode {
  const { texts } = page;
  return (
    <>
      <Alert page={page} error={error} />
      <p class="mfa-warning">{texts.recoveryGenerateLead}</p>
      <Form page={page} next={next}>
        <EndOtherSessions page={page} />
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary">
            {texts.recoveryGenerateSubmit}
          </button>
        </p>
      </Form>
      {next === null ? (
        <Back page={page} text={texts.cancel} />
      ) : (
        <p class="mfa-back">
          <a href={next}>{texts.recoveryNotNow}</a>
        </p>
      )}
    </>
  );
}

function NewCodes({ page, next, codes, file }: Props & { codes: readonly string[] }): VNode {
  const { texts } = page;
  const all = codes.join('\n');
  return (
    <div data-mfa-unsaved>
      <p>{texts.recoverySaveLead}</p>
      <ol class="mfa-codes notranslate">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <p class="mfa-actions mfa-no-print">
        {/* A data: URL works without a script, and nothing is sent anywhere. */}
        <a
          class="mfa-button"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${file}\n\n${all}\n`)}`}
          download="recovery-codes.txt"
          data-mfa-saves
        >
          {texts.recoveryDownload}
        </a>
        <button
          type="button"
          data-mfa-copy={all}
          data-mfa-done={texts.copied}
          data-mfa-script
          data-mfa-saves
          hidden
        >
          {texts.recoveryCopy}
        </button>
        <button type="button" data-mfa-print data-mfa-script data-mfa-saves hidden>
          {texts.recoveryPrint}
        </button>
      </p>
      <form class="mfa-no-print" method="get" action={page.link('recovery-codes/saved')}>
        {next !== null && <input type="hidden" name="next" value={next} />}
        <Checkbox id="saved" label={texts.recoverySaved} data-mfa-saves required />
        <p class="mfa-actions">
          <button type="submit" class="mfa-primary">
            {texts.recoveryDone}
          </button>
        </p>
      </form>
    </div>
  );
}

export default GenerateRecoveryCodes;
