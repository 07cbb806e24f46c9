import { randomUUID } from 'node:crypto';

import type { AttackTarget } from 'nestjs-mfa/attacks';

import { ORIGIN } from './keys.js';
import type { VulnerableApp } from './vulnerable-app.js';

interface User {
  id: string;
  email: string;
}

/** How the vulnerable application is attacked. */
export function vulnerableTarget(app: VulnerableApp): AttackTarget<User> {
  const { state } = app;
  return {
    name: 'the vulnerable application',
    iMayAttackThis: true,
    baseUrl: app.url,
    origin: ORIGIN,
    protectedRoute: '/reports',
    stepUpRoute: '/step-up',
    clock: state.clock,
    settings: { freshSeconds: 300, idleSeconds: 3600 },
    register: async (client) => (await client.post('/register')).body as unknown as User,
    signIn: (client, { id }) => client.post(`/login/${id}`),
    registerRequired: async (client) => (await client.post('/register-staff')).body as unknown as User,
    spendProof: (client) => client.post('/transfer'),
    signUp: { newName: () => `${randomUUID()}@example.com` },
    reauthenticate: (client) => client.post('/reauthenticate'),
    otherSignIns: { 'a link by mail': (client, { id }) => client.post(`/magic-link/${id}`) },
    changePassword: (client) => client.post('/password'),
    resetByAdmin: ({ id }) => Promise.resolve(app.reset(id)),
    removeUser: ({ id }) => Promise.resolve(app.removeUser(id)),
    readMail: ({ id }) => Promise.resolve(state.users.get(id)?.mails ?? []),
    stored: () => Promise.resolve(app.dump()),
    logged: () => Promise.resolve(state.log.join('\n')),
    breakStorage: () => {
      state.isBroken = true;
      return Promise.resolve(() => {
        state.isBroken = false;
        return Promise.resolve();
      });
    },
  };
}
