import type { MfaSignUp, MfaStatus, MfaUser } from 'nestjs-mfa';
import { MfaService } from 'nestjs-mfa';

import { PageClient } from '../support/page-client.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

export const PAGES = '/account/security';
export const PASSWORD = 'correct horse battery';

/** An application that checks passwords for the pages. */
export class PageAdapter extends TestAdapter {
  /** One address is somebody's. */
  override createUser({ name, displayName }: MfaSignUp): MfaUser | null {
    if (name === 'taken@example.com') return null;
    const user: MfaUser = { id: newUserId(), email: name, displayName };
    users.set(user.id as string, user);
    return user;
  }

  override checkPassword(_user: MfaUser, password: string): boolean {
    return password === PASSWORD;
  }
}

export function startPageApp({ mfa = {}, ...options }: TestAppOptions = {}): Promise<TestApp> {
  return startTestApp({
    adapter: PageAdapter,
    ...options,
    mfa: { pages: true, webauthn: RELYING_PARTY, ...mfa },
  });
}

/** A browser of somebody without a second factor who has just signed in. */
export async function signedIn(test: TestApp, extra: Partial<MfaUser> = {}): Promise<PageClient> {
  const client = test.client();
  await client.post('/login', { ...extra, id: newUserId() });
  return PageClient.of(client);
}

/** A browser of somebody who has an authenticator app, and has just proven it. */
export async function enrolledIn(
  test: TestApp,
  extra: Partial<MfaUser> = {},
): Promise<{ user: Enrolled; browser: PageClient }> {
  const user = await enroll(test, extra);
  return { user, browser: PageClient.of(user.client) };
}

/** A browser that has passed the first factor only. */
export async function halfSignedIn(test: TestApp, user: Enrolled): Promise<PageClient> {
  return PageClient.of(await halfSignIn(test, user));
}

/** What the module knows of a user. */
export function statusOf(test: TestApp, id: string): Promise<MfaStatus> {
  return test.app.get(MfaService).status({ id });
}
