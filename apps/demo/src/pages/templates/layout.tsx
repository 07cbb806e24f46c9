import type { ComponentChildren, VNode } from 'preact';

import type { Site } from '../site.js';

interface Props {
  site: Site;
  title: string;
  children: ComponentChildren;
}

/** The document around every page of the demo, styled like the library's pages. */
export function Layout({ site, title, children }: Props): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} – nestjs-mfa demo`}</title>
        <link rel="icon" href="/logo.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/mfa.css" />
        <link rel="stylesheet" href="/demo.css" />
        <script type="module" src="/local-times.js"></script>
        <script type="module" src="/submit-once.js"></script>
      </head>
      <body class="mfa">
        <header class="mfa-header demo-header">
          <a class="mfa-home" href="/">
            <span class="mfa-logo" aria-hidden="true"></span>
            nestjs-mfa demo
          </a>
          <nav aria-label="Main">
            <ul class="demo-nav">
              {linksOf(site).map(([href, text]) => (
                <li key={href}>
                  <a href={href} aria-current={href === site.path ? 'page' : undefined}>
                    {text}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </header>
        <main class="mfa-main" id="main">
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}

function linksOf({ user, security }: Site): [href: string, text: string][] {
  const outbox: [string, string] = ['/outbox', 'Outbox'];
  if (!user) return [['/login', 'Sign in'], ['/register', 'Register'], outbox];
  const account = security.link();
  return [
    ['/profile', 'Profile'],
    ...(account === null ? [] : [[account, 'Security'] as [string, string]]),
    outbox,
  ];
}
