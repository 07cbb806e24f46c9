import type { ComponentChildren, VNode } from 'preact';
import type { MfaPagePath } from 'nestjs-mfa';

import type { PageComponent } from '../page.js';
import type { Site } from '../site.js';
import { Layout } from './layout.js';
import { SignOut } from './parts.js';
import { Switches } from './switches.js';

/** An overview of what there is to try, in a sensible order. */
export const HomePage: PageComponent = ({ site }) => {
  const { user, security, options } = site;
  return (
    <Layout site={site} title="What to try">
      <p>
        A small application with a sign-in of its own, by address and password. Everything after the password
        comes from nestjs-mfa.
      </p>
      {!security.areOn && (
        <p class="mfa-warning">
          The pages of nestjs-mfa are switched off (<code>MFA_PAGES=false</code>). Its JSON routes work:{' '}
          <a href="/playground">try those</a>.
        </p>
      )}
      <ol class="mfa-steps demo-steps">
        <Step title="Create an account">
          {user ? (
            <p>
              Done: you are signed in as <a href="/profile">{user.email}</a>.
            </p>
          ) : (
            <>
              <p>Any address will do: no mail leaves this computer.</p>
              <p class="mfa-actions">
                <a class="mfa-button mfa-primary" href="/register">
                  Create account
                </a>
                <a class="mfa-button" href="/login">
                  Sign in
                </a>
              </p>
            </>
          )}
        </Step>
        <Step title="Add a second factor">
          <p>
            In <SecurityLink site={site}>account security</SecurityLink>,{' '}
            <SecurityLink site={site} page="totp/add">
              set up an authenticator app
            </SecurityLink>{' '}
            or{' '}
            <SecurityLink site={site} page="webauthn/add">
              add a security key
            </SecurityLink>
            . Keep the recovery codes that you get.
          </p>
        </Step>
        <Step title="Open what it protects">
          <ul>
            <li>
              <a href="/reports">Reports</a> need a second factor.
            </li>
            <li>
              The <a href="/vault">vault</a> needs a security key or passkey, and nothing less.
            </li>
            <li>
              <a href="/signing">Signing</a> needs a key that has checked your PIN or fingerprint, the{' '}
              <a href="/device">device</a> page one that is not synced, and <a href="/both">both</a> an app
              and a key together.
            </li>
            <li>
              <form method="post" action="/transfer">
                A transfer needs a proof of its own: <button type="submit">Transfer</button>
              </form>
            </li>
            <li>
              The <a href="/feed">feed</a> is open to all; only those who have a second factor must prove it.
            </li>
          </ul>
          <p>A proof counts for {duration(options.gracePeriodSeconds)}. After that, these pages ask again.</p>
        </Step>
        <Step title="Sign out, and in again">
          <p>Your password alone is not enough any more. Try a recovery code, too: each works once.</p>
          {user && <SignOut />}
        </Step>
        <Step title="Be staff">
          <p>
            <a href="/register">Create an account</a> whose address ends in <code>@staff.example.com</code>:
            it may open the <a href="/staff">staff area</a>
            {options.requiredForStaff ? ', and has to set up a second factor before anything else.' : '.'}
          </p>
        </Step>
        <Step title="Read the mail">
          <p>
            Whoever gains or loses a factor is told by mail. The <a href="/outbox">outbox</a> has what would
            be sent.
          </p>
        </Step>
      </ol>
      <Switches site={site} />
      <h2>Without these pages</h2>
      <p>
        <a href="/playground">The bare JSON routes</a>: the same with a script of your own. The README has it
        with <code>curl</code>.
      </p>
    </Layout>
  );
};

function Step({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <li>
      <h2>{title}</h2>
      {children}
    </li>
  );
}

/** Plain text instead of a link if the library's pages are off. */
function SecurityLink({ site, page, children }: { site: Site; page?: MfaPagePath; children: string }): VNode {
  const href = site.security.link(page);
  return href === null ? <>{children}</> : <a href={href}>{children}</a>;
}

function duration(seconds: number): string {
  const [amount, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
