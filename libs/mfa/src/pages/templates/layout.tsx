import type { ComponentChildren, VNode } from 'preact';

import type { MfaPageContext } from '../frame/page-props.js';
import { SignOut } from './parts/sign-out.js';
import { Support } from './parts/support.js';

/** The document around every page. */
export default function Layout({
  page,
  children,
}: {
  page: MfaPageContext;
  children: ComponentChildren;
}): VNode {
  return (
    <html lang={page.locale} dir={page.dir}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${page.title} – ${page.site}`}</title>
        {/* An empty icon keeps browsers from requesting /favicon.ico, which not every site has. */}
        <link rel="icon" href={page.icon ?? 'data:,'} />
        <link rel="stylesheet" href={page.assets.css} />
        {page.stylesheet && <link rel="stylesheet" href={page.stylesheet} />}
        <script type="module" src={page.assets.script}></script>
      </head>
      <body class="mfa" data-mfa-page={page.name} data-mfa-api={page.api}>
        <header class="mfa-header">
          <a class="mfa-home" href={page.homeUrl}>
            <span class="mfa-logo"></span>
            {page.site}
          </a>
        </header>
        <main class="mfa-main" id="main">
          <h1>{page.title}</h1>
          {children}
        </main>
        <SignOut page={page} />
        <Support page={page} />
      </body>
    </html>
  );
}
