import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

import { TestClock } from '../../../../../test/support/clock.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { ChallengeBinding } from './challenge.js';
import { ChallengeStore } from './challenge-store.js';
import { Challenges } from './challenges.js';
import { readClientData } from './client-data.js';
import { WebAuthnChallenge } from './webauthn-challenge.entity.js';

const BINDING: ChallengeBinding = { ceremony: 'passkey', userId: '', sessionId: '', rpId: 'example.com' };
const CONTENT = {
  requireUserVerification: true,
  role: 'both',
  automatic: false,
  userHandle: 'AQID',
} as const;
const FIVE_MINUTES = 300;
const FAILED = { code: 'webauthn_failed' };

const encoded = (data: unknown) => Buffer.from(JSON.stringify(data)).toString('base64url');

describe('the client data', () => {
  it('tell the challenge', () => {
    expect(readClientData(encoded({ challenge: 'AQID', type: 'webauthn.get' }))).toEqual({
      challenge: 'AQID',
      isCrossOrigin: false,
    });
  });

  it.each<[object, boolean]>([
    [{ crossOrigin: false }, false],
    [{ crossOrigin: null }, false],
    [{ crossOrigin: true }, true],
    [{ crossOrigin: 'false' }, true],
    [{ topOrigin: 'https://example.org' }, true],
    [{ crossOrigin: false, topOrigin: 'https://example.org' }, true],
  ])('with %j are of a frame of another origin: %s', (more, isCrossOrigin) => {
    expect(readClientData(encoded({ challenge: 'AQID', ...more }))?.isCrossOrigin).toBe(isCrossOrigin);
  });

  it.each([null, 7, 'AQID', [], {}, { challenge: 7 }, { challenge: null }])('are not %j', (data) => {
    expect(readClientData(encoded(data))).toBeNull();
  });

  it('are JSON', () => {
    expect(readClientData('e30x')).toBeNull();
    expect(readClientData('')).toBeNull();
  });
});

describe('challenges', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let clock: TestClock;
  let challenges: Challenges;
  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(WebAuthnChallenge));
  });
  afterAll(() => close());
  beforeEach(() => {
    clock = new TestClock();
    const options = { storage: { timeoutSeconds: 5, preparedStatements: false } } as never;
    const keys = {
      ring: () => Promise.resolve(new KeyRing(['a secret of at least 32 bytes, never in use'])),
    };
    const store = new ChallengeStore(new MfaStorage(dataSource, options));
    challenges = new Challenges(store, keys as never, clock);
  });

  const issue = () => challenges.issue(BINDING, CONTENT);
  const use = (challenge: string, more: object = {}, binding = BINDING) =>
    challenges.use(encoded({ challenge, ...more }), binding);

  it('come back once, with what they carry', async () => {
    const challenge = await issue();
    expect(await use(challenge)).toEqual({
      challenge,
      content: { ...CONTENT, expiresAt: clock.now() + FIVE_MINUTES * 1000 },
    });
    await expect(use(challenge)).rejects.toMatchObject(FAILED);
  });

  it('are kept by their hash, with the time after which they need not be', async () => {
    const challenge = await issue();
    await use(challenge);
    const hash = createHash('sha256').update(challenge).digest('hex');
    const row = await dataSource.getRepository(WebAuthnChallenge).findOneByOrFail({ hash });
    expect(row.expiresAt).toEqual(new Date(clock.now() + FIVE_MINUTES * 1000));
  });

  it('are valid for five minutes', async () => {
    const [one, two] = [await issue(), await issue()];
    clock.advance(FIVE_MINUTES - 1);
    await expect(use(one)).resolves.toMatchObject({ challenge: one });
    clock.advance(1);
    await expect(use(two)).rejects.toMatchObject(FAILED);
  });

  it('are refused when they are bound to something else, or nobody’s', async () => {
    const challenge = await issue();
    await expect(use(challenge, {}, { ...BINDING, rpId: 'example.org' })).rejects.toMatchObject(FAILED);
    await expect(use('AQID')).rejects.toMatchObject(FAILED);
    await expect(use(challenge)).resolves.toMatchObject({ challenge });
  });

  it('are refused in client data that can’t be read', async () => {
    await expect(challenges.use('e30x', BINDING)).rejects.toMatchObject(FAILED);
  });

  it('are used up in a frame of another origin', async () => {
    const challenge = await issue();
    await expect(use(challenge, { crossOrigin: true })).rejects.toMatchObject(FAILED);
    await expect(use(challenge)).rejects.toMatchObject(FAILED);
  });
});
