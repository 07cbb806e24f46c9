// What tests do to the module that no application can: forge what only it can make, not wait for what it does by and by, look behind
// it. All that they know of its insides is here, and in the files that eslint.config.js names beside it.
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

/** Waits until everything is told of that no request waits for. */
export const settled = (app: INestApplication): Promise<void> => app.get(RefusalLog).onModuleDestroy();

/** Of the refusals that were told already, so that each is told once a window. */
export const isFirstRefusal = (app: INestApplication, refusal: string): boolean =>
  app.get(RefusalLog).isFirst(refusal);

/** Writes down now when sessions were last used. */
export const writeActivity = (app: INestApplication): Promise<void> => app.get(SessionActivity).flush();

/** Makes the process know no more of the use of sessions than another one would, which reads the database. */
export const forgetActivity = (app: INestApplication): void =>
  Reflect.get(app.get(SessionActivity), 'seen').clear();

/** Asks for the password as the page `reauthenticate` does. */
export const provePassword = (
  app: Pick<ModuleRef, 'get'>,
  user: MfaUser,
  password: string,
  exchange: { request: object; response: object },
): Promise<unknown> => app.get(PasswordFlow, { strict: false }).prove(user, password, exchange);

/** Boots as the command line does that discards what no secret opens any more. */
export const permittingLostSecret = <T>(work: () => Promise<T>): Promise<T> => permitLostSecret(work);

/** The seal of a row under that secret. */
export const sealUnder = (secret: string, purpose: string, fields: Parameters<typeof sealRow>[2]): string =>
  sealRow(new KeyRing([secret]), purpose, fields);

/** The seal of a credential as it is now. */
export const sealOfCredential = (app: INestApplication, credential: WebAuthnCredential): string =>
  sealCredential(app.get<KeyRing>(MFA_KEY_RING), credential);

/** The key of a purpose that comes of a secret. */
export const keyOf = (
  secret: string,
  purpose: Parameters<KeyRing['current']>[0],
): ReturnType<KeyRing['current']> => new KeyRing([secret]).current(purpose);

/** What is in an envelope under that secret. */
export const openUnder = (secret: string, envelope: string, context: Parameters<typeof open>[2]): string =>
  open(new KeyRing([secret]), envelope, context);

/** Has `wait` wait before each commit. */
export function beforeEachCommit(app: INestApplication, wait: () => Promise<void>): void {
  const storage = app.get(MfaStorage);
  const commit = storage.commit.bind(storage);
  storage.commit = async (writes) => {
    await wait();
    return commit(writes);
  };
}
