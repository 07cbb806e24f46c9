import type { MfaPageTemplate } from '../frame/page-props.js';
import { factorLabel } from '../../i18n/factor-label.js';
import { partOf } from './factor-parts.js';
import { TextWithMoment } from './parts/moment.js';
import { Needs } from './parts/needs.js';
import { VerifyEmail } from './parts/verify-email.js';

/** For users who can't continue without a second factor. */
const Enrol: MfaPageTemplate<'enrol'> = (props) => {
  const { page, next, needs, methods, mustVerifyEmail, deadline } = props;
  const { texts } = page;
  const parts = methods.map(partOf);
  const onlyThis = parts.length === 1 ? parts[0]?.onlyThisText : undefined;
  return (
    <>
      <p>{texts[onlyThis ?? 'enrolLead']}</p>
      <Needs page={page} needs={needs} />
      {deadline && (
        <p>
          <TextWithMoment page={page} text="statusDeadline" at={deadline} />
        </p>
      )}
      {mustVerifyEmail && <VerifyEmail page={page} />}
      {methods.length === 0 && !mustVerifyEmail && <p>{texts.enrolNothing}</p>}
      <ul class="mfa-list">
        {parts.map(({ type, lead, addPage, addText }) => (
          <li class="mfa-card" key={type}>
            <div class="mfa-card-text">
              <h2>{factorLabel(type, page)}</h2>
              {lead && <p>{lead(props)}</p>}
            </div>
            <p class="mfa-card-actions">
              <a class="mfa-button" href={page.link(addPage, { next })}>
                {addText(page)}
              </a>
            </p>
          </li>
        ))}
      </ul>
    </>
  );
};

export default Enrol;
