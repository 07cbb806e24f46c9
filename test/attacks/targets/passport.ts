import type { AttackTarget } from 'nestjs-mfa/attacks';

import { startPassportApp } from '../../fit/passport-session.app.js';
import { ORIGIN, RELYING_PARTY, newUserId, users } from '../../support/test-app.js';

interface User {
  id: string;
  email: string;
}

/** With Passport, and the token in a session that the application keeps on the server. */
export async function passportExample(): Promise<{ target: AttackTarget<User>; close(): Promise<void> }> {
  const { test } = await startPassportApp({
    webauthn: RELYING_PARTY,
    passkeyLogin: true,
    trustedDevices: { enabled: true },
    session: { cookie: { secure: true }, idleTtlSeconds: 3600 },
  });
  const newUser = (given: object = {}): Promise<User> => {
    const id = newUserId();
    const user = { id, email: `${id}@example.com` };
    users.set(id, { ...user, ...given });
    return Promise.resolve(user);
  };
  return {
    close: () => test.close(),
    target: {
      name: 'the example with Passport',
      iMayAttackThis: true,
      baseUrl: test.url,
      origin: ORIGIN,
      protectedRoute: '/protected',
      stepUpRoute: '/protected',
      clock: test.clock,
      settings: { freshSeconds: 300, idleSeconds: 3600 },
      register: () => newUser(),
      registerRequired: () => newUser({ isStaff: true }),
      signIn: (client, { id }) => client.post('/app/login', { id }),
      signOut: (client) => client.post('/app/logout'),
      logged: () => Promise.resolve(test.logger.lines.join('\n')),
    },
  };
}
