import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaImportService,
  MfaService,
  TrustedDevicesService,
} from 'nestjs-mfa';

import type { Flow, Interference, Races } from './races.js';
import { BOTH } from './races.js';
import { codeOf } from '../test-app.js';
import { answerKey, otherSessionOf, registration } from './steps.js';

/** What happens to a user while one of their requests is held. */
export function interferencesOf(races: Races): Interference[] {
  const usesSession = ({ by }: Flow) => by === 'session' || by === 'pending';
  return [
    {
      name: 'activates the first factor',
      always: true,
      kinds: ['new'],
      ends: ({ by }) => by !== 'application',
      prepare: async ({ other }) => {
        const { body: setup } = await other.post('/mfa/totp');
        const code = codeOf(setup.secret, races.test.clock);
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
      kinds: BOTH,
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
      kinds: BOTH,
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
      kinds: BOTH,
      ends: (flow) => usesSession(flow) || flow.by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await races.test.app.get(AuthenticationSessionService).revokeAll(user);
        },
    },
    {
      name: 'changes the password',
      kinds: BOTH,
      ends: ({ by }) => by === 'pending' || by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await races.test.app.get(MfaService).passwordChanged(user);
        },
    },
    {
      name: 'changes the password and ends sessions',
      kinds: BOTH,
      ends: (flow) => usesSession(flow) || flow.by === 'password',
      prepare:
        ({ user }) =>
        async () => {
          await races.test.app.get(MfaService).passwordChanged(user, { endSessions: true });
        },
    },
    {
      name: 'resets the user',
      kinds: BOTH,
      ends: ({ by }) => by !== 'own token' && by !== 'application',
      prepare:
        ({ id }) =>
        async () => {
          await races.test.app.get(MfaAdminService).reset(id, 'Lost everything');
        },
    },
    {
      name: 'forgets the user',
      always: true,
      kinds: BOTH,
      // The application still knows the users that its own tokens name.
      ends: ({ by }) => by !== 'own token' && by !== 'application',
      prepare:
        ({ id }) =>
        async () => {
          await races.test.app.get(MfaService).forgetUser(id);
        },
    },
    {
      name: 'activates a first factor by e-mail',
      kinds: ['new'],
      ends: ({ by }) => by !== 'application',
      prepare: async (s) => {
        await s.other.post('/mfa/factors/email_code');
        const code = races.sentTo(s);
        return async () => {
          await s.other.post('/mfa/factors/email_code/activate', { code });
        };
      },
    },
    {
      name: 'registers a first key',
      kinds: ['new'],
      ends: ({ by }) => by !== 'application',
      prepare: async ({ other }) => {
        const credential = await registration(other);
        return async () => {
          await other.post('/mfa/webauthn', { credential });
        };
      },
    },
    {
      name: 'imports a first factor',
      kinds: ['new'],
      ends: ({ by }) => by !== 'application',
      prepare:
        ({ id }) =>
        async () => {
          await races.test.app
            .get(MfaImportService)
            .importRecords([{ userId: id, totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } }]);
        },
    },
    {
      name: 'adds a key and ends the other sessions',
      kinds: ['enrolled'],
      ends: usesSession,
      prepare: async ({ other }) => {
        const credential = await registration(other);
        return async () => {
          await other.post('/mfa/webauthn', { credential, endOtherSessions: true });
        };
      },
    },
    {
      name: 'removes the app that was proven',
      kinds: ['enrolled'],
      ends: usesSession,
      prepare:
        ({ other, ids }) =>
        async () => {
          await other.delete(`/mfa/authenticators/${ids.totp}`);
        },
    },
    {
      name: 'replaces the app that was proven',
      kinds: ['enrolled'],
      ends: usesSession,
      prepare: async ({ other, ids }) => {
        const { body: setup } = await other.post('/mfa/totp', { replaces: ids.totp });
        const code = codeOf(setup.secret, races.test.clock);
        return async () => {
          await other.post('/mfa/totp/activate', { code });
        };
      },
    },
    {
      name: 'reports the app as lost',
      kinds: ['enrolled'],
      ends: usesSession,
      prepare:
        ({ other, ids }) =>
        async () => {
          await other.post(`/mfa/authenticate/authenticators/${ids.totp}/suspend`);
        },
    },
    {
      name: 'reports the key as lost',
      kinds: ['enrolled'],
      ends: (flow) => usesSession(flow) || flow.by === 'passkey',
      prepare:
        ({ other, ids }) =>
        async () => {
          await other.post(`/mfa/authenticate/authenticators/${ids.webauthn}/suspend`);
        },
    },
    {
      name: 'takes the trust from all browsers',
      kinds: ['enrolled'],
      ends: () => false,
      prepare:
        ({ user }) =>
        async () => {
          await races.test.app.get(TrustedDevicesService).revokeAll(user);
        },
    },
    {
      name: 'ends the sessions as an administrator',
      kinds: BOTH,
      ends: (flow) => usesSession(flow) || flow.by === 'password',
      prepare:
        ({ id }) =>
        async () => {
          await races.test.app.get(MfaAdminService).endSessions(id);
        },
    },
  ];
}
