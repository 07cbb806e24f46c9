import type { VNode } from 'preact';

import { methodLabel } from '../../i18n/method-label.js';
import type { MfaPageContext, MfaPageTemplate, MfaPlacedSession } from '../frame/page-props.js';
import { Notice } from './parts/alert.js';
import { Back } from './parts/back.js';
import { browserName } from './parts/browser-name.js';
import { Fact } from './parts/fact.js';
import { Form } from './parts/form.js';
import { Moment } from './parts/moment.js';

const Sessions: MfaPageTemplate<'sessions'> = ({ page, sessions, notice }) => {
  const { texts } = page;
  return (
    <>
      <Notice text={notice} />
      <p>{sessions.length === 0 ? texts.sessionsNone : texts.sessionsLead}</p>
      <ul class="mfa-list">
        {sessions.map((session) => (
          <Session key={session.id} page={page} session={session} />
        ))}
      </ul>
      {sessions.some(({ current }) => !current) && (
        <Form page={page}>
          <p class="mfa-actions">
            <button type="submit" name="all" value="1" class="mfa-destructive">
              {texts.sessionsEndOthers}
            </button>
          </p>
        </Form>
      )}
      <Back page={page} />
    </>
  );
};

function Session({ page, session }: { page: MfaPageContext; session: MfaPlacedSession }): VNode {
  const { texts } = page;
  const { id, userAgent, ip, place, createdAt, lastSeenAt, expiresAt, proven, current } = session;
  const methods = new Set(proven.map(({ method }) => methodLabel(method, page)));
  return (
    <li class="mfa-card">
      <div class="mfa-card-text">
        <h2 id={`session-${id}`}>
          {browserName(userAgent, page)}
          {current && ` (${texts.devicesCurrent})`}
        </h2>
        <dl>
          {place !== null && <Fact name={texts.sessionsPlace}>{place}</Fact>}
          {ip !== null && <Fact name={texts.devicesAddress}>{ip}</Fact>}
          <Fact name={texts.sessionsStarted}>
            <Moment page={page} at={createdAt} />
          </Fact>
          <Fact name={texts.sessionsSeen}>
            <Moment page={page} at={lastSeenAt} />
          </Fact>
          <Fact name={texts.sessionsUntil}>
            <Moment page={page} at={expiresAt} />
          </Fact>
          <Fact name={texts.sessionsProven}>{[...methods].join(', ')}</Fact>
        </dl>
      </div>
      <Form page={page} class="mfa-card-actions">
        <button type="submit" name="id" value={id} aria-describedby={`session-${id}`}>
          {current ? texts.sessionsEndThis : texts.sessionsEnd}
        </button>
      </Form>
    </li>
  );
}

export default Sessions;
