import type { Variant } from '../../fit/passport-jwt.app.js';
import { VARIANTS, startJwtApp } from '../../fit/passport-jwt.app.js';
import { ORIGIN, newUserId, users } from '../../support/test-app.js';
import type { Example } from './examples.js';

/** With an access token that says who it is, and the session in a header beside it. */
export async function jwtExample(): Promise<Example> {
  const [globallyGuarded] = VARIANTS;
  const test = await startJwtApp(globallyGuarded as Variant);
  return {
    close: () => test.close(),
    target: {
      name: 'the example with JWT',
      iMayAttackThis: true,
      baseUrl: test.url,
      origin: ORIGIN,
      protectedRoute: '/protected',
      sessionHeader: 'x-mfa-session',
      clock: test.clock,
      settings: { freshSeconds: 300 },
      register: () => {
        const email = `${newUserId()}@example.com`;
        users.set(email, { id: email, email });
        return Promise.resolve({ email });
      },
      signIn: (client, { email }) => client.post('/app/login', { id: email }),
      afterAnswer(client, { body: { accessToken } }) {
        if (typeof accessToken === 'string') client.headers['authorization'] = `Bearer ${accessToken}`;
      },
      logged: () => Promise.resolve(test.logger.lines.join('\n')),
    },
  };
}
