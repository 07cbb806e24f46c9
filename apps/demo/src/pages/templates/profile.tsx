import type { AuthenticationMethod, AuthenticationRecord, MfaStatus } from 'nestjs-mfa';

import type { CurrentUser } from '../../auth/current-user.decorator.js';
import type { PageComponent } from '../page.js';
import { Layout } from './layout.js';
import { Moment, SignOut } from './parts.js';

interface Props {
  user: CurrentUser;
  status: MfaStatus;
  proven: readonly AuthenticationRecord[];
}

const METHODS: Partial<Record<AuthenticationMethod, string>> = {
  pwd: 'Password',
  totp: 'Authenticator app',
  webauthn: 'Security key or passkey',
  recovery_code: 'Recovery code',
  trusted_device: 'Trusted browser',
  external: 'Identity provider',
};

export const ProfilePage: PageComponent<Props> = ({ site, user, status, proven }) => {
  const security = site.security.link();
  return (
    <Layout site={site} title="Profile">
      <p class="demo-who">
        Signed in as <strong>{user.email}</strong> {user.isStaff && <span class="demo-badge">Staff</span>}
      </p>
      {user.emailVerified === false && (
        <p class="mfa-warning">This address is not verified, so no second factor can be added.</p>
      )}
      <h2>This session</h2>
      <p>What you proved when you signed in, and since:</p>
      <table class="demo-table">
        <thead>
          <tr>
            <th scope="col">Proof</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {proven.map(({ method, at }) => (
            <tr key={`${method}-${at}`}>
              <td>{METHODS[method]}</td>
              <td>
                <Moment at={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>Account security</h2>
      <p class={`mfa-status mfa-status-${status.enabled ? 'on' : 'off'}`}>
        Two-factor authentication is {status.enabled ? 'on' : 'off'}.
      </p>
      {security !== null && (
        <p class="mfa-actions">
          <a class="mfa-button" href={security}>
            Account security
          </a>
        </p>
      )}
      <h2>Protected pages</h2>
      <ul class="demo-links">
        <li>
          <a href="/reports">Reports</a>
        </li>
        <li>
          <a href="/vault">Vault</a>
        </li>
        <li>
          <a href="/feed">Feed</a>
        </li>
        {user.isStaff && (
          <li>
            <a href="/staff">Staff area</a>
          </li>
        )}
      </ul>
      <div class="mfa-back">
        <SignOut />
      </div>
    </Layout>
  );
};
