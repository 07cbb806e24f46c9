import type { VNode } from 'preact';

import type { Site } from '../site.js';

/** The demo's optional features: which are on, and how to turn on the others. */
export function Switches({ site: { options } }: { site: Site }): VNode {
  const switches = [
    { name: 'Sign-in with a passkey alone', isOn: options.passkeyLogin, variable: 'MFA_PASSKEY_LOGIN' },
    { name: 'Accounts with a passkey alone', isOn: options.passkeySignUp, variable: 'MFA_PASSKEY_SIGN_UP' },
    {
      name: 'Trusted browsers',
      isOn: options.trustedDevices.enabled,
      variable: 'MFA_TRUSTED_DEVICES_ENABLED',
    },
    {
      name: 'Mails about new browsers',
      isOn: options.newSignIn.enabled,
      variable: 'MFA_NEW_SIGN_IN_ENABLED',
    },
    {
      name: 'Second factor for all staff',
      isOn: options.requiredForStaff,
      variable: 'MFA_REQUIRED_FOR_STAFF',
    },
  ];
  const off = switches.filter(({ isOn }) => !isOn);
  return (
    <>
      <h2>What is switched on</h2>
      <table class="demo-table">
        <thead>
          <tr>
            <th scope="col">Option</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {switches.map(({ name, isOn }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{isOn ? 'on' : 'off'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {off.length > 0 && (
        <>
          <p>To have the rest as well, start the demo with</p>
          <p class="demo-command">
            <code>
              {off.map(({ variable }) => `${variable}=true `)}
              <span class="demo-unbroken">npm start</span>
            </code>
          </p>
        </>
      )}
    </>
  );
}
