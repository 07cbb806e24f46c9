import type { MfaPageTemplate } from '../frame/page-props.js';
import { TextWithMoment } from './parts/moment.js';
import { Needs } from './parts/needs.js';
import { VerifyEmail } from './parts/verify-email.js';

/** For those who cannot go on without a second factor. */
const Enrol: MfaPageTemplate<'enrol'> = (props) => {
  const { page, next, needs, methods, others, mustVerifyEmail, deadline, period } = props;
  const { texts } = page;
  const isKeyNeeded = methods.length === 1 && methods[0] === 'webauthn';
  return (
    <>
      <p>{isKeyNeeded ? texts.enrolPhishing : texts.enrolLead}</p>
      <Needs page={page} needs={needs} />
      {deadline && (
        <p>
          <TextWithMoment page={page} text="statusDeadline" at={deadline} />
        </p>
      )}
      {mustVerifyEmail && <VerifyEmail page={page} />}
      {methods.length === 0 && !mustVerifyEmail && <p>{texts.enrolNothing}</p>}
      <ul class="mfa-list">
        {methods.includes('totp') && (
          <li class="mfa-card">
            <div class="mfa-card-text">
              <h2>{texts.typeTotp}</h2>
              <p>{page.fill('enrolTotpLead', { period })}</p>
            </div>
            <p class="mfa-card-actions">
              <a class="mfa-button" href={page.link('totp/add', { next })}>
                {texts.addTotp}
              </a>
            </p>
          </li>
        )}
        {methods.includes('webauthn') && (
          <li class="mfa-card">
            <div class="mfa-card-text">
              <h2>{texts.typeWebauthn}</h2>
              <p>{texts.enrolKeyLead}</p>
            </div>
            <p class="mfa-card-actions">
              <a class="mfa-button" href={page.link('webauthn/add', { next })}>
                {texts.addKey}
              </a>
            </p>
          </li>
        )}
        {others.map(({ type, label }) => (
          <li class="mfa-card" key={type}>
            <div class="mfa-card-text">
              <h2>{label}</h2>
            </div>
            <p class="mfa-card-actions">
              <a class="mfa-button" href={page.link(`factors/${type}/add`, { next })}>
                {page.fill('addFactor', { factor: label })}
              </a>
            </p>
          </li>
        ))}
      </ul>
    </>
  );
};

export default Enrol;
