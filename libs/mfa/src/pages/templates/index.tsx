import type { VNode } from 'preact';

import type { MfaPageContext, MfaPageTemplate } from '../frame/page-props.js';
import { FactorCard } from './factor-card.js';
import { backupPartOf, partOf } from './factor-parts.js';
import { Notice } from './parts/alert.js';
import { CodesLeft } from './parts/codes-left.js';
import { TextWithMoment } from './parts/moment.js';
import { VerifyEmail } from './parts/verify-email.js';

/** Account security: shows what protects the account, and what the user can do about it. */
const Index: MfaPageTemplate<'index'> = (props) => {
  const {
    page,
    status,
    authenticators,
    offered,
    mustVerifyEmail,
    voids,
    hasTrustedDevices,
    supportedTypes,
    notice,
    signalsKeys,
  } = props;
  const { texts } = page;
  const factors = authenticators.filter(({ type }) => !backupPartOf(type));
  return (
    <div data-mfa-signals={signalsKeys ? '' : undefined}>
      <Notice text={notice} />
      <p class={status.enabled ? 'mfa-status mfa-status-on' : 'mfa-status mfa-status-off'}>
        {status.enabled ? texts.statusOn : status.required ? texts.statusRequired : texts.statusOff}
      </p>
      {!status.enabled && status.enrollmentDeadline && (
        <p>
          <TextWithMoment page={page} text="statusDeadline" at={status.enrollmentDeadline} />
        </p>
      )}
      {status.verified && status.verifiedAt && (
        <p class="mfa-hint">
          <TextWithMoment page={page} text="statusVerified" at={status.verifiedAt} />
        </p>
      )}
      <section aria-labelledby="factors">
        <h2 id="factors">{texts.factorsTitle}</h2>
        {factors.length === 0 ? (
          <p>{texts.factorsNone}</p>
        ) : (
          <ul class="mfa-list">
            {factors.map((factor) => (
              <FactorCard
                key={factor.id}
                page={page}
                factor={factor}
                canAdd={supportedTypes.includes(factor.type)}
                isVoid={voids.includes(factor.id)}
              />
            ))}
          </ul>
        )}
        {mustVerifyEmail && <VerifyEmail page={page} />}
        <p class="mfa-actions">
          {offered.map(partOf).map(({ type, addPage, addText }) => (
            <a key={type} class="mfa-button" href={page.link(addPage)}>
              {addText(page)}
            </a>
          ))}
        </p>
      </section>
      {status.enabled && <RecoveryCodes page={page} {...status.recoveryCodes} />}
      <section aria-labelledby="sessions">
        <h2 id="sessions">{texts.sessionsTitle}</h2>
        <p class="mfa-links">
          <a href={page.link('sessions')}>{texts.sessionsLink}</a>
        </p>
      </section>
      {hasTrustedDevices && (
        <section aria-labelledby="devices">
          <h2 id="devices">{texts.devicesTitle}</h2>
          <p>{texts.devicesLead}</p>
          <p class="mfa-links">
            <a href={page.link('trusted-devices')}>{texts.devicesLink}</a>
          </p>
        </section>
      )}
    </div>
  );
};

function RecoveryCodes({
  page,
  total,
  remaining,
}: {
  page: MfaPageContext;
  total: number;
  remaining: number;
}): VNode {
  const { texts } = page;
  return (
    <section aria-labelledby="codes">
      <h2 id="codes">{texts.recoveryTitle}</h2>
      <CodesLeft page={page} total={total} remaining={remaining} />
      <p class="mfa-links">
        <a href={page.link('recovery-codes')}>{texts.codesLink}</a>
      </p>
    </section>
  );
}

export default Index;
