import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthenticationRecord, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaImportService,
  MfaService,
  TrustedDevice,
  WebAuthnService,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from './support/authenticator.js';
import type { Answer, Client } from './support/client.js';
import { ENGINE, rowsOf } from './support/databases.js';
import { HELD, HoldBack } from './support/hold-back.js';
import type { TestApp } from './support/test-app.js';
import { RELYING_PARTY, TestAdapter, codeOf, newUserId, startTestApp, users } from './support/test-app.js';
import { THOROUGH } from './support/thorough.js';

/** The secret of everybody's app. */
const SECRET_KEY = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** The sign-in of an application that has tokens of its own and never calls `login`. */
const OWN_TOKEN = 'x-test-user';

class OwnTokenAdapter extends TestAdapter {
  now = (): number => Date.now();

  override getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
    const id = headerOf(request);
    return id === undefined ? super.getUser(request) : (users.get(id) ?? null);
  }

  override getAuthenticatedAt(request: object): Date | null {
    return headerOf(request) === undefined ? null : new Date(this.now());
  }
}

function headerOf(request: object): string | undefined {
  return (request as { headers: Record<string, string | undefined> }).headers[OWN_TOKEN];
}

/** A user, and the two that act for them: the request that is held back, and the others. */
interface Subject {
  id: string;
  user: MfaUser;
  /** The session of the request that is held. Of an enrolled user it has just proven both factors. */
  held: Client;
  /** Another session of the same user, as good as the first. */
  other: Client;
  /** Half signed in. */
  pending: Client;
  /** Signed in by the application's own token, without any session of ours. */
  ownToken: Client;
  key: SoftwareAuthenticator;
  secret: string;
  ids: { totp: string; webauthn: string; device: string };
  recoveryCodes: string[];
}

type Kind = 'new' | 'enrolled';

interface Flow {
  name: string;
  kinds: Kind[];
  /** Whose right it rests on. */
  by: 'session' | 'pending' | 'own token' | 'password' | 'passkey';
  /** The statement or hook from which on it is under way. Default: the first. */
  from?: number;
  prepare(subject: Subject): (() => Promise<Answer>) | Promise<() => Promise<Answer>>;
}

interface Interference {
  name: string;
  /** Whether it is tried in every run. */
  always?: boolean;
  kinds: Kind[];
  /** Whether such a flow must come to nothing when this is through before its commit. */
  ends(flow: Flow): boolean;
  prepare(subject: Subject): (() => Promise<void>) | Promise<() => Promise<void>>;
}

describe(`a request that is held back while others run (${ENGINE})`, () => {
  const holdBack = new HoldBack();
  const counts = { pairs: 0, points: 0, blocked: 0 };
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: OwnTokenAdapter,
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        totp: { maxPerUser: 2 },
        rateLimit: { attempts: 1000 },
      },
      configure: holdBack.mark,
    });
    (test.adapter as OwnTokenAdapter).now = () => test.clock.now();
    holdBack.watch(test.dataSource, test.adapter);
  });
  afterAll(async () => {
    await test.close();
    process.stdout.write(
      `\nRaces on ${ENGINE}: ${counts.pairs} pairs of flows, held back at ${counts.points} points (${counts.blocked} with the other one waiting for a lock)\n`,
    );
  });

  const session = async (
    user: MfaUser,
    status: 'pending' | 'authenticated',
    proven: Omit<AuthenticationRecord, 'at'>[],
  ): Promise<Client> => {
    const methods = [{ method: 'pwd' as const }, ...proven].map((one) => ({ ...one, at: test.clock.now() }));
    const { token } = await test.app.get(AuthenticationSessionService).create(user, { status, methods });
    const client = test.client();
    client.cookies.set('mfa_session', token);
    return client;
  };

  const subject = async (kind: Kind): Promise<Subject> => {
    const id = newUserId();
    const user: MfaUser = { id, email: `${id}@example.com` };
    users.set(id, user);
    const key = new SoftwareAuthenticator();
    const common = { id, user, key, ownToken: test.client({ [OWN_TOKEN]: id }) };
    if (kind === 'new') {
      const [held, other] = [
        await session(user, 'authenticated', []),
        await session(user, 'authenticated', []),
      ];
      const ids = { totp: '', webauthn: '', device: '' };
      return {
        ...common,
        held,
        other,
        pending: await session(user, 'pending', []),
        secret: '',
        ids,
        recoveryCodes: [],
      };
    }
    const webauthn = test.app.get(WebAuthnService);
    // Imported, because drawing QR codes for so many would take most of the time.
    const recoveryCodes = ['11111111', '22222222', '33333333', '44444444'];
    await test.app
      .get(MfaImportService)
      .importRecords([
        { userId: id, totp: { secret: SECRET_KEY }, recoveryCodes: recoveryCodes.map((code) => ({ code })) },
      ]);
    const [app] = await test.app.get(MfaService).getUserAuthenticators(user, 'totp');
    const options = await webauthn.getCredentialCreationOptions(user, { passwordless: true });
    const registered = await webauthn.verifyRegistration(user, key.create(options));
    const ids = { totp: app?.id ?? '', webauthn: registered.authenticator.id, device: `device-${id}` };
    const now = new Date(test.clock.now());
    await test.dataSource.getRepository(TrustedDevice).insert({
      id: ids.device,
      userId: id,
      tokenHash: ids.device,
      createdAt: now,
      expiresAt: new Date(now.getTime() + 3_600_000),
    });
    const proven = [
      { method: 'totp' as const, authenticatorId: ids.totp },
      { method: 'webauthn' as const, authenticatorId: ids.webauthn },
    ];
    return {
      ...common,
      held: await session(user, 'authenticated', proven),
      other: await session(user, 'authenticated', proven),
      pending: await session(user, 'pending', []),
      secret: SECRET_KEY,
      ids,
      recoveryCodes,
    };
  };

  const answerKey = async ({ key }: Subject, client: Client) => {
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
    return key.get(options);
  };
  const registration = async (client: Client, extra: object = {}) => {
    const { body: options } = await client.post('/mfa/webauthn/options', extra);
    return new SoftwareAuthenticator().create(options);
  };
  /** The id of the one session of the user that is not this client's. */
  const otherSessionOf = async (client: Client): Promise<string> => {
    const { body } = await client.get('/mfa/sessions');
    return body.find(({ current }: { current: boolean }) => !current).id;
  };
  const both: Kind[] = ['new', 'enrolled'];

  /** The flows that need *recent*, for a client that has it. */
  const changes = (by: 'session' | 'own token', of: (subject: Subject) => Client): Flow[] => [
    {
      name: `begins to set up an app (${by})`,
      kinds: both,
      by,
      prepare: (s) => () => of(s).post('/mfa/totp', undefined, HELD),
    },
    {
      name: `activates an app (${by})`,
      kinds: both,
      by,
      prepare: async (s) => {
        const { body: setup } = await of(s).post('/mfa/totp');
        const code = setup.secret ? codeOf(setup.secret, test.clock) : '000000';
        return () => of(s).post('/mfa/totp/activate', { code }, HELD);
      },
    },
    {
      name: `registers a key (${by})`,
      kinds: both,
      by,
      prepare: async (s) => {
        const credential = await registration(of(s));
        return () => of(s).post('/mfa/webauthn', { credential }, HELD);
      },
    },
    {
      name: `registers a passkey for signing in alone (${by})`,
      kinds: both,
      by,
      prepare: async (s) => {
        const credential = await registration(of(s), { role: 'passwordless' });
        return () => of(s).post('/mfa/webauthn', { credential }, HELD);
      },
    },
    {
      name: `makes recovery codes (${by})`,
      kinds: both,
      by,
      prepare: (s) => () => of(s).post('/mfa/recovery-codes', undefined, HELD),
    },
    {
      name: `revokes all browsers (${by})`,
      kinds: both,
      by,
      prepare: (s) => () => of(s).delete('/mfa/trusted-devices', HELD),
    },
    {
      name: `signs out everywhere else (${by})`,
      kinds: both,
      by,
      prepare: (s) => () => of(s).delete('/mfa/sessions', HELD),
    },
  ];

  const flows: Flow[] = [
    ...changes('session', ({ held }) => held),
    // Of an enrolled user the application's word is not enough.
    ...changes('own token', ({ ownToken }) => ownToken).map((flow) => ({
      ...flow,
      kinds: ['new' as const],
    })),
    {
      name: 'renames a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () =>
        s.held.send('PATCH', `/mfa/authenticators/${s.ids.webauthn}`, { name: 'Mine' }, HELD),
    },
    {
      name: 'replaces an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async (s) => {
        const { body: setup } = await s.held.post('/mfa/totp', { replaces: s.ids.totp });
        const code = codeOf(setup.secret, test.clock);
        return () => s.held.post('/mfa/totp/activate', { code, endOtherSessions: true }, HELD);
      },
    },
    {
      name: 'removes an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/authenticators/${s.ids.totp}`, HELD),
    },
    {
      name: 'removes a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/authenticators/${s.ids.webauthn}`, HELD),
    },
    {
      name: 'revokes a browser',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.delete(`/mfa/trusted-devices/${s.ids.device}`, HELD),
    },
    {
      name: 'signs out elsewhere',
      kinds: both,
      by: 'session',
      prepare: async (s) => {
        const id = await otherSessionOf(s.held);
        return () => s.held.delete(`/mfa/sessions/${id}`, HELD);
      },
    },
    {
      name: 'proves the first factor again',
      kinds: both,
      by: 'session',
      // Without a session it is a sign-in like any other; it has one once it has read it.
      from: 2,
      prepare: (s) => () => s.held.post('/reauthenticate', { id: s.id }, HELD),
    },
    {
      name: 'steps up with an app',
      kinds: ['enrolled'],
      by: 'session',
      prepare: (s) => () => s.held.post('/mfa/authenticate', { code: codeOf(s.secret, test.clock) }, HELD),
    },
    {
      name: 'steps up with a key',
      kinds: ['enrolled'],
      by: 'session',
      prepare: async (s) => {
        const credential = await answerKey(s, s.held);
        return () => s.held.post('/mfa/authenticate/webauthn', { credential }, HELD);
      },
    },
    {
      name: 'finishes a sign-in with an app',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: (s) => () =>
        s.pending.post('/mfa/authenticate', { code: codeOf(s.secret, test.clock), trustDevice: true }, HELD),
    },
    {
      name: 'finishes a sign-in with a recovery code',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: (s) => () => s.pending.post('/mfa/authenticate', { code: s.recoveryCodes[0] }, HELD),
    },
    {
      name: 'finishes a sign-in with a key',
      kinds: ['enrolled'],
      by: 'pending',
      prepare: async (s) => {
        const credential = await answerKey(s, s.pending);
        return () => s.pending.post('/mfa/authenticate/webauthn', { credential }, HELD);
      },
    },
    {
      name: 'signs in by password',
      kinds: both,
      by: 'password',
      // Before its first statement nothing tells it from a sign-in that begins later.
      from: 2,
      prepare: (s) => () => test.client().post('/login', { id: s.id }, HELD),
    },
    {
      name: 'signs in with a passkey',
      kinds: ['enrolled'],
      by: 'passkey',
      prepare: async (s) => {
        const client = test.client();
        const { body: options } = await client.post('/mfa/passkey/options');
        const credential = s.key.get(options);
        return () => client.post('/mfa/passkey', { credential }, HELD);
      },
    },
    {
      name: 'signs out',
      kinds: both,
      by: 'session',
      prepare: (s) => () => s.held.clone().delete('/mfa/session', HELD),
    },
  ];

  const usesSession = ({ by }: Flow) => by === 'session' || by === 'pending';
  const interferences: Interference[] = [
    {
      name: 'activates the first factor',
      always: true,
      kinds: ['new'],
      ends: () => true,
      prepare: async ({ other }) => {
        const { body: setup } = await other.post('/mfa/totp');
        const code = codeOf(setup.secret, test.clock);
        return async () => {
          await other.post('/mfa/totp/activate', { code });
        };
      },
    },
    {
      name: 'removes the key that was proven',
      kinds: ['enrolled'],
      ends: (flow) => usesSession(flow) || flow.by === 'passkey',
      prepare:
        ({ other, ids }) =>
        async () => {
          await other.delete(`/mfa/authenticators/${ids.webauthn}`);
        },
    },
    {
      name: 'removes the key, in the same session',
      always: true,
      kinds: ['enrolled'],
      ends: () => false,
      prepare: ({ held, ids }) => {
        const same = held.clone();
        return async () => {
          await same.delete(`/mfa/authenticators/${ids.webauthn}`);
        };
      },
    },
    {
      name: 'makes recovery codes',
      kinds: ['enrolled'],
      ends: () => false,
      prepare:
        ({ other }) =>
        async () => {
          await other.post('/mfa/recovery-codes');
        },
    },
    {
      name: 'signs out',
      kinds: both,
      ends: ({ by }) => by === 'session',
      prepare: ({ held }) => {
        const same = held.clone();
        return async () => {
          await same.delete('/mfa/session');
        };
      },
    },
    {
      name: 'signs out there from elsewhere',
      kinds: both,
      ends: ({ by }) => by === 'session',
      prepare: async ({ other }) => {
        const id = await otherSessionOf(other);
        return async () => {
          await other.delete(`/mfa/sessions/${id}`);
        };
      },
    },
    {
      name: 'proves a factor in the same session',
      kinds: ['enrolled'],
      ends: ({ by, name }) => by === 'session' && name !== 'signs out',
      prepare: async (s) => {
        const same = s.held.clone();
        const credential = await answerKey(s, same);
        return async () => {
          await same.post('/mfa/authenticate/webauthn', { credential });
        };
      },
    },
    {
      name: 'ends all sessions',
      always: true,
      kinds: both,
      ends: (flow) => usesSession(flow) || flow.by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await test.app.get(AuthenticationSessionService).revokeAll(user);
        },
    },
    {
      name: 'changes the password',
      kinds: both,
      ends: ({ by }) => by === 'pending' || by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await test.app.get(MfaService).passwordChanged(user);
        },
    },
    {
      name: 'changes the password and ends sessions',
      kinds: both,
      ends: (flow) => usesSession(flow) || flow.by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await test.app.get(MfaService).passwordChanged(user, { endSessions: true });
        },
    },
    {
      name: 'resets the user',
      kinds: both,
      ends: (flow) => flow.by !== 'own token',
      prepare:
        ({ id }) =>
        async () => {
          await test.app.get(MfaAdminService).reset(id, 'Lost everything');
        },
    },
  ];

  interferences.push({
    name: 'forgets the user',
    always: true,
    kinds: both,
    // Whom the application's own token names, the application knows still.
    ends: ({ by }) => by !== 'own token',
    prepare:
      ({ id }) =>
      async () => {
        await test.app.get(MfaService).forgetUser(id);
      },
  });

  const TABLES = {
    authenticator:
      'SELECT id, type, role, name, data, remaining, last_step FROM mfa_authenticator WHERE user_id = ? ORDER BY id',
    code: 'SELECT code_hash, used_at FROM mfa_recovery_code WHERE user_id = ? ORDER BY code_hash',
    session: 'SELECT id, token_hash, status, methods FROM mfa_session WHERE user_id = ? ORDER BY id',
    setup: 'SELECT id FROM mfa_totp_setup WHERE user_id = ?',
    device: 'SELECT id, token_hash FROM mfa_trusted_device WHERE user_id = ? ORDER BY id',
    credential:
      'SELECT authenticator_id, sign_count FROM mfa_webauthn_credential WHERE user_id = ? ORDER BY authenticator_id',
  };

  /** All that counts of a user, as it stands in the database. */
  const stateOf = async (id: string): Promise<Record<keyof typeof TABLES, Record<string, unknown>[]>> => {
    const entries: [string, unknown][] = [];
    for (const [name, sql] of Object.entries(TABLES)) {
      entries.push([name, await rowsOf(test.dataSource, sql, [id])]);
    }
    return Object.fromEntries(entries) as never;
  };

  /** What must hold whoever was faster. */
  const expectSound = async ({ id }: Subject, label: string) => {
    const { authenticator, code, session: sessions, device } = await stateOf(id);
    const known = [...authenticator, ...device].map((row) => row['id']);
    const factors = authenticator.filter(
      ({ type, role }) => type !== 'recovery_codes' && role !== 'passwordless',
    );
    for (const { methods, status } of sessions) {
      const records = JSON.parse(methods as string) as AuthenticationRecord[];
      // A code of a set that was replaced is a proof still: nobody lost it, and its session may have made the new set.
      const named = records
        .filter(({ method }) => method !== 'recovery_code')
        .map(({ authenticatorId }) => authenticatorId)
        .filter((one) => one !== undefined);
      expect([label, named.filter((one) => !known.includes(one))]).toEqual([label, []]);
      const isComplete =
        status === 'pending' || factors.length === 0 || records.some(({ method }) => method !== 'pwd');
      expect([label, isComplete]).toEqual([label, true]);
    }
    const alone = authenticator.filter(({ role }) => role !== 'passwordless');
    if (factors.length === 0) expect([label, alone, code]).toEqual([label, [], []]);
    const [state] = await rowsOf(
      test.dataSource,
      'SELECT second_factors FROM mfa_user_state WHERE user_id = ?',
      [id],
    );
    expect([label, state?.second_factors ?? 0]).toEqual([label, factors.length]);
  };

  /** Tries one order; false when the request has no such step. */
  const tryAt = async (flow: Flow, interference: Interference, kind: Kind, point: number) => {
    const label = `${flow.name} / ${interference.name} / ${kind} / ${point}`;
    const who = await subject(kind);
    const send = await flow.prepare(who);
    const interfere = await interference.prepare(who);
    const untouched = JSON.stringify(await stateOf(who.id));
    let whenHeld = '';
    let afterOthers = '';
    const { answer, reached, blocked } = await holdBack.run(point, send, async () => {
      whenHeld = JSON.stringify(await stateOf(who.id));
      await interfere();
      afterOthers = JSON.stringify(await stateOf(who.id));
    });
    expect([label, answer.status < 500, answer.body]).toEqual([label, true, answer.body]);
    await expectSound(who, label);
    if (!reached) return false;
    counts.points += 1;
    if (blocked) counts.blocked += 1;
    const isUnderWay = point >= (flow.from ?? 1) && (flow.from !== undefined || whenHeld === untouched);
    const mustEnd = interference.ends(flow) && isUnderWay && !blocked;
    if (mustEnd) {
      expect([label, JSON.stringify(await stateOf(who.id))]).toEqual([label, afterOthers]);
      if (flow.name !== 'signs out') expect([label, answer.status]).toEqual([label, expect.any(Number)]);
      if (flow.name !== 'signs out' && flow.by !== 'password') {
        expect([label, answer.status >= 400]).toEqual([label, true]);
      }
    }
    return true;
  };

  for (const kind of both) {
    const fitting = flows.filter(({ kinds }) => kinds.includes(kind));
    // Every pair at every point, or those that have found the most, at every third.
    const others = interferences.filter(({ kinds, always }) => kinds.includes(kind) && (THOROUGH || always));
    describe(`of a user who is ${kind}`, () => {
      it.each(fitting.map((flow) => [flow.name, flow] as const))(
        '%s: in every order',
        async (_, flow) => {
          for (const interference of others) {
            counts.pairs += 1;
            const step = THOROUGH ? 1 : 3;
            let point = THOROUGH ? 1 : 1 + (counts.pairs % 3);
            while (await tryAt(flow, interference, kind, point)) point += step;
            // Something was held back at all.
            expect(point).toBeGreaterThan(1);
          }
        },
        240_000,
      );
    });
  }
});
