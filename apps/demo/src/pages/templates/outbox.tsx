import type { Mail } from '../../mail/mail.entity.js';
import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Moment } from './parts.js';

/** Mails are shown as text, so that nothing in them can take effect here. */
export const OutboxPage: PageComponent<{ mails: readonly Mail[] }> = ({ site, mails }) => (
  <Layout site={site} title="Outbox">
    <p>
      This application has no mail server and no telephone: what it would send to its users lies here, the
      newest first.
    </p>
    {mails.length === 0 && (
      <p class="demo-empty">Nothing yet. Add a second factor, and a mail tells its owner.</p>
    )}
    <div class="mfa-list">
      {mails.map(({ id, sentAt, recipient, subject, text }) => (
        <article key={id} class="demo-mail" aria-labelledby={`mail-${id}`}>
          <h2 id={`mail-${id}`}>{subject || 'Text message'}</h2>
          <p class="mfa-hint">
            To {recipient}, <Moment at={sentAt} />
          </p>
          <p class="demo-mail-text">{text}</p>
        </article>
      ))}
    </div>
  </Layout>
);
