import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { Controller, Get, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AuthenticationRecord } from 'nestjs-mfa';
import type { MfaClaimsModuleOptions } from 'nestjs-mfa/claims';
import { MFA_CLOCK, MfaClaimsModule, RequireMfa, mfaClaims } from 'nestjs-mfa';

import { Client } from '../support/client.js';

const NOW = 1_800_000_000_000;

@Controller()
class AssuredController {
  @Get('verified')
  @RequireMfa({ userVerified: true })
  verified(): string {
    return 'verified';
  }

  @Get('bound')
  @RequireMfa({ deviceBound: true, attested: true })
  bound(): string {
    return 'bound';
  }

  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  both(): string {
    return 'both';
  }
}

describe('an API that goes by tokens', () => {
  const apps: INestApplication[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function start(
    options: MfaClaimsModuleOptions,
    controllers: Type[] = [AssuredController],
  ): Promise<Client> {
    @Module({ imports: [MfaClaimsModule.forRoot(options)], controllers })
    class AppModule {}
    const built = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(MFA_CLOCK)
      .useValue({ now: () => NOW })
      .compile();
    const app = built.createNestApplication({ forceCloseConnections: true, logger: false });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return new Client(await app.getUrl());
  }

  const answersTo = async (...records: AuthenticationRecord[]) => {
    const methods: AuthenticationRecord[] = [{ method: 'pwd', at: NOW }, ...records];
    const client = await start({ claims: () => mfaClaims({ methods }) });
    return Promise.all(['/verified', '/bound', '/both'].map(async (path) => (await client.get(path)).status));
  };

  it('asks for what the proof has shown at the issuer', async () => {
    const key = { method: 'webauthn', at: NOW } as const;
    expect(await answersTo(key)).toEqual([401, 401, 401]);
    expect(await answersTo({ ...key, userVerified: true, backupEligible: true })).toEqual([200, 401, 401]);
    expect(await answersTo({ ...key, backupEligible: false, attested: false })).toEqual([401, 401, 401]);
    expect(await answersTo({ ...key, backupEligible: false, attested: true })).toEqual([401, 200, 401]);
    expect(await answersTo(key, { method: 'totp', at: NOW - 300_000 })).toEqual([401, 401, 200]);
    expect(await answersTo(key, { method: 'totp', at: NOW - 301_000 })).toEqual([401, 401, 401]);
  });

  it('says what it needs', async () => {
    const client = await start({ claims: () => ({ amr: ['pwd', 'otp', 'mfa'], auth_time: NOW / 1000 }) });
    const refused = await client.get('/verified');
    expect(refused.body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
      needs: { userVerified: true },
    });
    expect(refused.headers.get('www-authenticate')).toContain('acr_values="phr"');
    expect((await client.get('/both')).body).toMatchObject({
      methods: ['webauthn'],
      needs: { allOf: ['totp', 'webauthn'] },
    });
  });

  it('of profile aal3 takes nothing but a key that stays on its device and has verified its user', async () => {
    @Controller()
    class PlainController {
      @Get('plain')
      @RequireMfa()
      plain(): string {
        return 'plain';
      }
    }
    const key = { method: 'webauthn', at: NOW, userVerified: true } as const;
    const records: AuthenticationRecord[] = [
      { method: 'totp', at: NOW },
      { ...key, backupEligible: true },
      { ...key, backupEligible: false, userVerified: false },
      { ...key, backupEligible: false },
    ];
    const statuses: number[] = [];
    for (const record of records) {
      const claims = () => mfaClaims({ methods: [{ method: 'pwd', at: NOW }, record] });
      const client = await start({ claims, profile: 'aal3' }, [PlainController]);
      statuses.push((await client.get('/plain')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 200]);
    await expect(start({ profile: 'aal3', gracePeriodSeconds: 901 })).rejects.toThrow('from 1 to 900');
    await expect(start({ profile: 'aal4' as never })).rejects.toThrow('`profile` must be one of');
  });

  it('does not start where a proof is to be spent: a token can be sent again', async () => {
    @Controller('once')
    class OnceController {
      @Get()
      @RequireMfa({ once: true })
      once(): string {
        return 'once';
      }
    }
    @Controller('class')
    @RequireMfa({ once: true })
    class OnceClass {
      @Get()
      once(): string {
        return 'once';
      }
    }
    await expect(start({}, [OnceController])).rejects.toThrow('OnceController.once');
    await expect(start({}, [OnceClass])).rejects.toThrow('on OnceClass can');
  });
});
