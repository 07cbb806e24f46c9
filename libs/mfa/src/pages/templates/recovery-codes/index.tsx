import type { MfaPageTemplate } from '../../frame/page-props.js';
import { Back } from '../parts/back.js';
import { CodesLeft } from '../parts/codes-left.js';
import { TextWithMoment } from '../parts/moment.js';

const RecoveryCodes: MfaPageTemplate<'recovery-codes/index'> = ({ page, summary, canGenerate }) => {
  const { texts } = page;
  const { total, remaining, createdAt } = summary;
  return (
    <>
      <p>{texts.recoveryLead}</p>
      <CodesLeft page={page} total={total} remaining={remaining} />
      {createdAt && (
        <p class="mfa-hint">
          <TextWithMoment page={page} text="recoveryCreated" at={createdAt} />
        </p>
      )}
      {canGenerate ? (
        <p class="mfa-actions">
          <a class="mfa-button" href={page.link('recovery-codes/generate')}>
            {texts.recoveryGenerate}
          </a>
        </p>
      ) : (
        <p>{texts.recoveryUnavailable}</p>
      )}
      <Back page={page} />
    </>
  );
};

export default RecoveryCodes;
