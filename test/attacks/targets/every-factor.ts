import { Body, Controller, HttpCode, Inject, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { MfaLoginResult, MfaMessage, MfaSignUp, MfaUser } from 'nestjs-mfa';
import { MfaAdminService, MfaService, MfaSessionGuard, RequireMfa, emailCode } from 'nestjs-mfa';
import type { AttackTarget } from 'nestjs-mfa/attacks';

import {
  ORIGIN,
  RELYING_PARTY,
  TestAdapter,
  newUserId,
  startTestApp,
  users,
} from '../../support/test-app.js';

const sent: MfaMessage[] = [];

/** With codes that it sends, and accounts that begin with a passkey. */
class FullAdapter extends TestAdapter {
  override sendMessage(message: MfaMessage): void {
    sent.push(message);
  }

  override createUser({ name }: MfaSignUp): MfaUser | null {
    if (users.has(name)) return null;
    const user = { id: name, email: name };
    users.set(name, user);
    return user;
  }
}

/** What applications have besides a password. */
@Controller()
class MoreController {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(MfaAdminService) private readonly admin: MfaAdminService,
  ) {}

  @Post('magic-link/:id')
  @HttpCode(200)
  magicLink(
    @Param('id') id: string,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.mfa.login(users.get(id) as MfaUser, { request, response, firstFactor: 'email' });
  }

  @Post('single-sign-on/:id')
  @HttpCode(200)
  singleSignOn(
    @Param('id') id: string,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.mfa.login(users.get(id) as MfaUser, { request, response, firstFactor: 'federated' });
  }

  @Post('transfer')
  @RequireMfa({ once: true })
  transfer(): { transferred: boolean } {
    return { transferred: true };
  }

  @Post('password')
  @UseGuards(MfaSessionGuard)
  async password(@Req() { user }: { user: MfaUser }, @Body() _new: object): Promise<void> {
    await this.mfa.passwordChanged(user);
  }

  @Post('reset/:id')
  async reset(@Param('id') id: string): Promise<void> {
    await this.admin.reset(id, 'lost the phone');
  }

  @Post('remove/:id')
  async remove(@Param('id') id: string): Promise<void> {
    users.delete(id);
    await this.mfa.forgetUser(id);
  }
}

interface User {
  id: string;
  email: string;
}

/** An application with every factor that comes with the library, and all that an attack can make use of. */
export async function startEveryFactor(): Promise<{
  target: AttackTarget<User>;
  close(): Promise<void>;
}> {
  const test = await startTestApp({
    adapter: FullAdapter,
    controllers: [MoreController],
    mfa: {
      webauthn: RELYING_PARTY,
      passkeyLogin: true,
      passkeySignUp: true,
      requiredForStaff: true,
      factors: [emailCode()],
      trustedDevices: { enabled: true },
      newSignIn: { enabled: true },
      session: { cookie: { secure: true }, idleTtlSeconds: 3600 },
    },
  });
  const { clock, dataSource, logger } = test;
  const target: AttackTarget<User> = {
    name: 'the library with every factor',
    iMayAttackThis: true,
    baseUrl: test.url,
    origin: ORIGIN,
    protectedRoute: '/protected',
    stepUpRoute: '/protected',
    clock,
    settings: { freshSeconds: 300, idleSeconds: 3600 },
    register: () => {
      const id = newUserId();
      return Promise.resolve({ id, email: `${id}@example.com` });
    },
    signIn: (client, { id }) => client.post('/login', { id }),
    reauthenticate: (client, { id }) => client.post('/reauthenticate', { id }),
    otherSignIns: {
      'a link by mail': (client, { id }) => client.post(`/magic-link/${id}`),
      'single sign-on': (client, { id }) => client.post(`/single-sign-on/${id}`),
    },
    registerRequired: () => {
      const id = newUserId();
      users.set(id, { id, email: `${id}@example.com`, isStaff: true });
      return Promise.resolve({ id, email: `${id}@example.com` });
    },
    spendProof: (client) => client.post('/transfer'),
    signUp: { newName: () => `${newUserId()}@example.com` },
    changePassword: (client) => client.post('/password', {}),
    resetByAdmin: ({ id }) => test.client().post(`/reset/${id}`),
    removeUser: ({ id }) => test.client().post(`/remove/${id}`),
    readMail: ({ id }) =>
      Promise.resolve(
        sent
          .filter(({ user }) => user.id === id)
          .map(({ text }) => text)
          .reverse(),
      ),
    stored: async () => {
      const rows = [];
      for (const { tableName } of dataSource.entityMetadatas)
        rows.push(await dataSource.query(`SELECT * FROM ${tableName}`));
      return JSON.stringify(rows);
    },
    logged: () => Promise.resolve(logger.lines.join('\n')),
    breakStorage: () => {
      // What every statement goes through.
      const original = dataSource.createQueryRunner.bind(dataSource);
      dataSource.createQueryRunner = () => {
        throw new Error('The database does not answer');
      };
      return Promise.resolve(() => {
        dataSource.createQueryRunner = original;
        return Promise.resolve();
      });
    },
  };
  return { target, close: () => test.close() };
}
