import escapeHtml from 'escape-html';

import type { Mail } from './mail.entity.js';

/** The outbox as a page. What the mails say is shown as text, so that none of it can act here. */
export function outboxPage(mails: readonly Mail[]): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Outbox – nestjs-mfa demo</title>
    <link rel="stylesheet" href="/demo.css">
  </head>
  <body>
    <main>
      <h1>Outbox</h1>
      <p>The demo has no mail server: what it would send to its users lies here. <a href="/">Back to the demo</a></p>
      ${mails.length === 0 ? '<p>Nothing yet. Add a second factor, and a mail tells its owner.</p>' : mails.map(article).join('\n')}
    </main>
  </body>
</html>
`;
}

function article({ id, sentAt, recipient, subject, text }: Mail): string {
  const time = new Date(sentAt).toISOString();
  return `<article class="mail" aria-labelledby="mail-${escapeHtml(id)}">
        <h2 id="mail-${escapeHtml(id)}">${escapeHtml(subject)}</h2>
        <p>To ${escapeHtml(recipient)}, <time datetime="${time}">${time.slice(0, 19).replace('T', ' ')} UTC</time></p>
        <pre>${escapeHtml(text)}</pre>
      </article>`;
}
