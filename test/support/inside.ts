// What tests do to the module that no application can: forge what only the module can create, skip waiting for
// background work, inspect internals. All such knowledge is here, and in the files that eslint.config.js lists with it.
import type { INestApplication } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { MfaUser, WebAuthnCredential } from 'nestjs-mfa';

import { open } from '../../libs/mfa/src/core/crypto/envelope.js';
import { KeyRing, MFA_KEY_RING, sealRow } from '../../libs/mfa/src/core/crypto/key-ring.js';
import { RefusalLog } from '../../libs/mfa/src/engine/journal/refusal-log.js';
import { SessionActivity } from '../../libs/mfa/src/engine/sessions/session-activity.js';
import { sealCredential } from '../../libs/mfa/src/factors/webauthn/credential-seal.js';
import { permitLostSecret } from '../../libs/mfa/src/secrets/lost-secret-permit.js';
import { MfaStorage } from '../../libs/mfa/src/storage/mfa-storage.js';
import { PasswordFlow } from '../../libs/mfa/src/sign-in/password.flow.js';

/** Waits for everything that is reported outside of requests. */
export const settled = (app: INestApplication): Promise<void> => app.get(RefusalLog).onModuleDestroy();

/** Whether a refusal hasn't been reported in this window yet. */
export const isFirstRefusal = (app: INestApplication, refusal: string): boolean =>
  app.get(RefusalLog).isFirst(refusal);

/** Flushes when sessions were last used. */
export const writeActivity = (app: INestApplication): Promise<void> => app.get(SessionActivity).flush();

/** Clears this process's knowledge of session use, so that it reads the database like any other process. */
export const forgetActivity = (app: INestApplication): void =>
  Reflect.get(app.get(SessionActivity), 'seen').clear();

/** Proves the password as the page `reauthenticate` does. */
export const provePassword = (
  app: Pick<ModuleRef, 'get'>,
  user: MfaUser,
  password: string,
  exchange: { request: object; response: object },
): Promise<unknown> => app.get(PasswordFlow, { strict: false }).prove(user, password, exchange);

/** Allows booting without a secret, like the CLI command that discards what no secret can decrypt. */
export const permittingLostSecret = <T>(work: () => Promise<T>): Promise<T> => permitLostSecret(work);

/** The seal of a row under the given secret. */
export const sealUnder = (secret: string, purpose: string, fields: Parameters<typeof sealRow>[2]): string =>
  sealRow(new KeyRing([secret]), purpose, fields);

/** The current seal of a credential. */
export const sealOfCredential = (app: INestApplication, credential: WebAuthnCredential): string =>
  sealCredential(app.get<KeyRing>(MFA_KEY_RING), credential);

/** The key for a purpose, derived from the secret. */
export const keyOf = (
  secret: string,
  purpose: Parameters<KeyRing['current']>[0],
): ReturnType<KeyRing['current']> => new KeyRing([secret]).current(purpose);

/** Decrypts an envelope under the given secret. */
export const openUnder = (secret: string, envelope: string, context: Parameters<typeof open>[2]): string =>
  open(new KeyRing([secret]), envelope, context);

/** Awaits `wait` before each commit. */
export function beforeEachCommit(app: INestApplication, wait: () => Promise<void>): void {
  const storage = app.get(MfaStorage);
  const commit = storage.commit.bind(storage);
  storage.commit = async (writes) => {
    await wait();
    return commit(writes);
  };
}
