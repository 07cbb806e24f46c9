import { expect } from '../support/expect.mjs';

export const PASSWORD = 'the same for everybody';
export const emailOf = ({ id }) => `${id}@example.com`;

/** Creates a user and signs in. */
export async function signUp({ send }, user) {
  const body = { email: emailOf(user), password: PASSWORD, name: user.id };
  const answer = await send(user, 'POST', '/api/auth/sign-up/email', body);
  expect(answer, ({ status }) => status === 200, 'sign-up');
}
