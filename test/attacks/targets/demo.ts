import type { MfaClock } from 'nestjs-mfa';
import { MFA_CLOCK } from 'nestjs-mfa';
import type { AttackTarget } from 'nestjs-mfa/attacks';

import { startDemo } from '../../support/demo-app.js';

const PASSWORD = 'correct horse battery';

interface User {
  email: string;
}

interface Mail {
  to: string;
  text: string;
}

let lastUser = 0;

/** The demo, with codes by mail, passkeys and trusted browsers. */
export async function demoTarget(): Promise<{ target: AttackTarget<User>; close(): Promise<void> }> {
  const { app, url } = await startDemo({
    MFA_FACTORS: 'email_code',
    MFA_SESSION_IDLE_TTL_SECONDS: '3600',
    MFA_PASSKEY_LOGIN: 'true',
    MFA_PASSKEY_SIGN_UP: 'true',
    MFA_REQUIRED_FOR_STAFF: 'true',
    MFA_TRUSTED_DEVICES_ENABLED: 'true',
  });
  const clock = app.get<MfaClock>(MFA_CLOCK);
  const real = clock.now.bind(clock);
  let ahead = 0;
  clock.now = () => Date.now() + ahead;
  const newEmail = (domain = 'example.com') => `user${(lastUser += 1)}@${domain}`;
  const close = async () => {
    // The clock is the one of all applications in this process.
    clock.now = real;
    await app.close();
  };
  return {
    close,
    target: {
      name: 'the demo',
      iMayAttackThis: true,
      baseUrl: url,
      protectedRoute: '/reports',
      stepUpRoute: '/reports',
      settings: { freshSeconds: 300, idleSeconds: 3600 },
      clock: {
        now: () => clock.now(),
        advance: (seconds) => {
          ahead += seconds * 1000;
        },
      },
      async register(client) {
        const user = { email: newEmail() };
        await client.post('/auth/register', { ...user, password: PASSWORD });
        return user;
      },
      async registerRequired(client) {
        const user = { email: newEmail('staff.example.com') };
        await client.post('/auth/register', { ...user, password: PASSWORD });
        return user;
      },
      spendProof: (client) => client.post('/transfer'),
      signUp: { newName: () => newEmail() },
      signIn: (client, { email }) => client.post('/auth/login', { email, password: PASSWORD }),
      reauthenticate: (client) => client.post('/auth/reauthenticate', { password: PASSWORD }),
      signOut: (client) => client.post('/auth/logout'),
      async readMail({ email }) {
        const answer = await fetch(`${url}/outbox`, { headers: { accept: 'application/json' } });
        const mails = (await answer.json()) as Mail[];
        return mails.filter(({ to }) => to === email).map(({ text }) => text);
      },
    },
  };
}
